"""Command lines as documents and units have them: split, and tried on the planner's own parser without running them."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click

from planner.cli import main

ROOT = Path(__file__).resolve().parents[2]


def shell_lines(document: Path) -> Iterator[list[str]]:
    """The words of each line in the shell blocks of a document, without comments."""
    for block in re.findall(r"^```sh\n(.*?)^```", document.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL):
        for line in block.splitlines():
            words = shlex.split(line, comments=True)
            if words:
                yield words


def planner_words(words: list[str]) -> list[str] | None:
    """What follows the program's name in a command line; None where it is another program's."""
    for place, word in enumerate(words if words[0] != "alias" else []):
        if word.endswith("/bin/planner") or (place == 0 and word == "planner"):
            return words[place + 1 :]
    return None


def check_known(words: list[str]) -> None:
    """Refuse a command or an option that the planner does not have.

    Raises:
        AssertionError: with the word.
    """
    command: click.Command = main
    context = click.Context(main, info_name="planner")
    rest = list(words)
    while isinstance(command, click.Group):
        assert rest, f"planner {' '.join(words)}: no command"
        name = rest.pop(0)
        found = command.get_command(context, name)
        assert found is not None, f"planner has no command {name}: {' '.join(words)}"
        command, context = found, click.Context(found, info_name=name, parent=context)
    try:
        command.make_parser(context).parse_args(rest)
    except click.UsageError as refusal:
        raise AssertionError(f"planner {' '.join(words)}: {refusal.message}") from refusal


def named_in(text: str) -> set[str]:
    """The planner's commands that a text names in code: `planner serve` gives serve."""
    return set(re.findall(r"`planner ([a-z-]+)", text))

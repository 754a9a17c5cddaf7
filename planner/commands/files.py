"""Files that people name on the command line: read whole, written whole or not at all."""

import json
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import click

from planner.errors import InvalidInput

STANDARD = "-"


class BadFile(click.ClickException):
    """A file can't be read, understood or written; exit code 2."""

    exit_code = 2

    def show(self, file: object = None) -> None:
        """One line on standard error."""
        click.echo(f"planner: {printable(self.message)}", err=True)


def read_json(name: str) -> object:
    """What a JSON file says; "-" is standard input.

    Raises:
        BadFile: it can't be read, is no UTF-8 or no JSON (the message names the line and the column), or says something
            twice.
    """
    try:
        text = _read(name)
        data: object = json.loads(text, parse_constant=_refuse_constant, object_pairs_hook=_object, parse_int=_whole)
        if "\\ud" in text.lower():
            _refuse_half_characters(data)
        return data
    except json.JSONDecodeError as error:
        raise BadFile(f"{name} is no JSON: {error.msg} (line {error.lineno}, column {error.colno}).") from error
    except ValueError as error:
        raise BadFile(f"{name} is no JSON: {error}.") from error
    except RecursionError as error:
        raise BadFile(f"{name} is nested too deeply.") from error


@contextmanager
def contents_of(name: str) -> Iterator[None]:
    """Say which file it is whose content makes no sense."""
    try:
        yield
    except InvalidInput as refusal:
        said = not refusal.field or refusal.message.startswith(refusal.field)
        where = "" if said else f" {refusal.field}:"
        raise BadFile(f"{name}:{where} {refusal.message}") from refusal


def printable(line: str) -> str:
    """The line with what a terminal would obey instead of show written out, such as \\x1b."""
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in line)


def check_not_same(name: str | None, path: Path) -> None:
    """Refuse to write an answer over the file that asked for it.

    Raises:
        BadFile: both names are of one file.
    """
    if name is None or name == STANDARD:
        return
    if path.exists() and Path(name).exists() and path.samefile(name):
        raise BadFile(f"{path} is the very file that was asked about; name another one for the answer.")


def check_can_write(path: Path) -> None:
    """Find out before a long computation that its result could not be kept.

    Raises:
        BadFile: the folder is missing or may not be written, or the name is that of a folder or a device.
    """
    if str(path) == STANDARD:
        raise BadFile("Standard output carries the words about the result already; name a file.")
    folder = path.resolve().parent
    if not folder.is_dir():
        raise BadFile(f"There is no folder {folder} to write {path.name} into.")
    if path.is_dir():
        raise BadFile(f"{path} is a folder; name a file.")
    # Taking the place of /dev/null would break the whole machine.
    if path.exists() and not path.is_file():
        raise BadFile(f"{path} is a device or a pipe; name a file.")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise BadFile(f"The folder {folder} can't be written.")


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that a crash or a full disk leaves the old one, or none.

    Raises:
        BadFile: it could not be written; nothing of it is left.
    """
    target = path.resolve()
    try:
        with tempfile.NamedTemporaryFile(dir=target.parent, prefix=f".{target.name}.", delete=False) as file:
            beside = Path(file.name)
            try:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
                beside.chmod(0o666 & ~_umask())
                beside.replace(target)
            except BaseException:
                beside.unlink(missing_ok=True)
                raise
    except OSError as error:
        raise BadFile(f"{path} can't be written: {error.strerror}.") from error


def _read(name: str) -> str:
    try:
        data = sys.stdin.buffer.read() if name == STANDARD else Path(name).read_bytes()
        return data.decode("utf-8-sig")
    except OSError as error:
        raise BadFile(f"{name} can't be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise BadFile(f"{name} is no UTF-8 text (byte {error.start}).") from error


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """A JSON object; of a key that stands twice nobody knows which value was meant."""
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the key {twice!r} stands twice in one object")
    return found


def _whole(digits: str) -> int:
    try:
        return int(digits)
    except ValueError:
        raise ValueError(f"a number with {len(digits)} digits is too long") from None


def _refuse_half_characters(data: object) -> None:
    """Half a pair such as \\ud800 is no character: nothing that it stands in could ever be written again."""
    try:
        json.dumps(data, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise ValueError(f"\\u{ord(error.object[error.start]):04x} is half a character") from None


def _refuse_constant(word: str) -> NoReturn:
    raise ValueError(f"{word} is no JSON number")


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask

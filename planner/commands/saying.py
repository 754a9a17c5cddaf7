"""What a command tells whoever started it: a line for people, or one of the log where the log is for programs."""

from __future__ import annotations

import logging

import click

from planner import logs

_log = logging.getLogger("planner.start")


def tell(words: str, *, refused: bool = False) -> None:
    """Write a line to standard error, in the form of all that stands there.

    Args:
        refused: the command ends with this.
    """
    if logs.is_json():
        _log.log(logging.ERROR if refused else logging.INFO, "%s", words)
    else:
        click.echo(f"planner: {words}" if refused else words, err=True)

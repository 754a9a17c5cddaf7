"""`inbound`: one answer to an invitation, as a mail server pipes it in."""

import sys

import click

from planner.calendars.reply import MOST_BYTES
from planner.commands.setup import open_runtime
from planner.services.replies import receive


@click.command()
def inbound() -> None:
    """Read one e-mail from standard input and carry out the answer in it.

    For a mail server's pipe, for instance in Postfix: `replies: "|/path/to/planner inbound"`, with a plus sign as its
    recipient_delimiter. It ends well also where the message changes nothing, so that nobody's forged mail is sent
    back to somebody else; staff see it on the worklists.
    """
    raw = sys.stdin.buffer.read(MOST_BYTES + 1)
    received = receive(open_runtime(), raw)
    click.echo(f"{received.outcome}: {received.says}" if received.says else received.outcome)

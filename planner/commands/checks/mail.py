"""Whether messages can go out."""

from __future__ import annotations

from email.utils import make_msgid

from planner.commands.checks.finding import Finding, Findings, SetUp
from planner.errors import PlannerError
from planner.notify.message import Message
from planner.notify.smtp import SmtpMailer

_SUBJECT = "The planner can send mail"
_WORDS = "This is a test from the course planner (planner check --send-test). Nothing needs to be done.\n"


def mail(set_up: SetUp) -> Findings:
    """Whether the mail server answers and lets us in; nothing is sent."""
    smtp, mailer = set_up.config.smtp, set_up.runtime.mailer
    if smtp is None or not isinstance(mailer, SmtpMailer):
        yield Finding(
            "could", "mail", f"no mail server is set: messages are written into {set_up.config.outtray}",
            "Set smtp.host and smtp.sender, so that patients get them.",
        )  # fmt: skip
        return
    place = f"{smtp.host}:{smtp.port}"
    try:
        mailer.try_connection()
    except PlannerError as failure:
        todo = "Compare the settings smtp.* with what the mail server's operator says; is the port open from here?"
        yield Finding("bad", "mail", failure.message, todo)
        return
    if smtp.security == "none" and smtp.host not in ("localhost", "127.0.0.1", "::1"):
        says = f"{place} is reached without encryption, over a network that others may read"
        yield Finding("bad", "mail", says, "Set smtp.security to starttls or ssl.")
    else:
        yield Finding("good", "mail", f"{place} lets us in")


def send_test(set_up: SetUp, address: str) -> Finding:
    """Send a message to somebody who has asked for it."""
    html = f"<p>{_WORDS.strip()}</p>\n"
    now = set_up.runtime.clock.now()
    identity = make_msgid("check", "planner.invalid")
    try:
        message = Message(
            to=address, to_name="", subject=_SUBJECT, text=_WORDS, html=html, message_id=identity, date=now
        )
        set_up.runtime.mailer.send(message)
    except PlannerError as failure:
        return Finding("bad", "test message", failure.message, "See the line about mail above.")
    where = f"handed to {set_up.config.smtp.host}" if set_up.config.smtp else f"written into {set_up.config.outtray}"
    return Finding("good", "test message", f"to {address}: {where}")

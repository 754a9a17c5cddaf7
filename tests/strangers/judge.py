"""What no answer may be or hold, whoever asked for what: a fault, another clinic's data, a secret, an unsafe header."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from werkzeug.test import TestResponse

from planner.web.access import ACCESS, may
from planner.web.security import HEADERS
from tests.strangers.town import HOST, MARK, NEIGHBOUR, Town
from tests.strangers.unpacking import words_of
from tests.strangers.who import Role

_NUMBER: Final = re.compile(r"\d{15,19}")
_LONG_WORD: Final = re.compile(r"[\w-]{20,}")
_INSIDE: Final = (
    "Traceback (most recent call last)",
    "werkzeug.exceptions",
    "sqlalchemy.exc",
    "$argon2",
    "site-packages",
)
_FRAMED: Final = {"Content-Security-Policy": "default-src 'none'; style-src", "X-Frame-Options": "SAMEORIGIN"}
"""The letter that the owner's page shows in a frame has the styles of a mail, and no script."""

_READS: Final = ("GET", "HEAD", "OPTIONS")
_TYPES: Final = frozenset(
    (
        *("text/html", "text/plain", "text/calendar", "text/csv", "text/css", "text/javascript", "text/xml"),
        *("application/json", "application/xml", "application/pdf", "application/zip", "message/rfc822"),
        *("image/svg+xml", "image/png", "image/webp", "image/x-icon", "image/vnd.microsoft.icon", "font/woff2"),
        *("application/manifest+json", "application/octet-stream"),
    )
)
_REFUSED: Final = frozenset((400, 401, 403, 404, 405, 409, 413, 414, 415, 422, 429, 431))


@dataclass(frozen=True)
class Asked:
    """One request, as far as its answer depends on it.

    Args:
        endpoint: "" where no route fits.
        text: its address and body, to tell what an answer only repeats.
        with_token: whether it carried the token of its form.
    """

    method: str
    endpoint: str
    text: str
    with_token: bool = True


@dataclass(frozen=True)
class Fault:
    """Something wrong with an answer.

    Args:
        kind: "500", "other clinic" or "unsafe".
    """

    kind: str
    what: str


def faults_of(town: Town, role: Role, asked: Asked, answer: TestResponse) -> Iterator[Fault]:
    """All that is wrong with an answer."""
    words = words_of(answer)
    yield from _status(role, asked, answer)
    yield from _others(town, role, asked, words)
    yield from _secrets(town, asked, words)
    yield from _headers(asked, answer)


def _status(role: Role, asked: Asked, answer: TestResponse) -> Iterator[Fault]:
    status = answer.status_code
    if status >= 500 and not (status == 503 and answer.headers.get("Retry-After", "").isdecimal()):
        yield Fault("500", f"answered {status}")
    if not asked.endpoint:
        if status < 400 and status != 308:
            yield Fault("unsafe", f"no route, but answered {status}")
        return
    # What methods there are is no secret.
    opened = status < 400 and asked.method != "OPTIONS" and not _to_sign_in(answer)
    if opened and not opens(role, asked.endpoint):
        yield Fault("unsafe", f"opened to {role.name}, who may not")
    if opened and asked.method not in _READS and not asked.with_token and ACCESS[asked.endpoint] != "feed-token":
        yield Fault("unsafe", "a change was taken without the token of its form")
    if 400 <= status < 500 and status not in _REFUSED:
        yield Fault("unsafe", f"refused with {status}")


def opens(role: Role, endpoint: str) -> bool:
    """Whether a route is for whoever has this role, or this link."""
    who = ACCESS[endpoint]
    if role.actor is None:
        return who in ("public", role.holds)
    return may(role.actor, who)


def _to_sign_in(answer: TestResponse) -> bool:
    return answer.status_code in (302, 303) and urlsplit(answer.location or "").path == "/sign-in"


def _others(town: Town, role: Role, asked: Asked, words: str) -> Iterator[Fault]:
    """Names are never sent, so none is an echo; the number of a neighbour may be."""
    lower = words.lower()
    for mark in (MARK, NEIGHBOUR) if role.alone else (MARK,):
        if mark in lower:
            at = lower.index(mark)
            yield Fault("other clinic", f"says {words[max(0, at - 60) : at + 40]!r}")
    hidden = town.hidden | town.neighbours if role.alone else town.hidden
    shown = hidden.intersection(_NUMBER.findall(words)).difference(_NUMBER.findall(asked.text))
    if shown:
        at = words.index(next(iter(shown)))
        yield Fault("other clinic", f"the number of a row: {words[max(0, at - 60) : at + 30]!r}")


def _secrets(town: Town, asked: Asked, words: str) -> Iterator[Fault]:
    yield from (Fault("other clinic", f"tells its inside: {each}") for each in _INSIDE if each in words)
    for told in town.secrets.intersection(_LONG_WORD.findall(words)):
        if told not in asked.text:
            yield Fault("other clinic", f"a secret: {told[:12]}…")


def _headers(asked: Asked, answer: TestResponse) -> Iterator[Fault]:
    framed = asked.endpoint == "owner.letter_sample" and answer.status_code == 200
    for name, value in (HEADERS | _FRAMED if framed else HEADERS).items():
        if not (answer.headers.get(name) or "").startswith(value):
            yield Fault("unsafe", f"{name} is {answer.headers.get(name)!r}")
    if "Cache-Control" not in answer.headers:
        yield Fault("unsafe", "no Cache-Control")
    has_body = answer.status_code not in (204, 304) and answer.get_data()
    if has_body and answer.mimetype not in _TYPES:
        yield Fault("unsafe", f"is of type {answer.mimetype!r}")
    if has_body and answer.mimetype.startswith("text/") and answer.mimetype_params.get("charset", "") != "utf-8":
        yield Fault("unsafe", f"{answer.content_type} without its charset")
    target = urlsplit(answer.location or "")
    if target.netloc not in ("", HOST) or target.scheme not in ("", "http"):
        yield Fault("unsafe", f"sends on to {answer.location}")

"""The answer to a program that asks for a calendar, and the short way to it for calendars that are kept as bytes."""

import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from functools import lru_cache
from typing import Any, Final

from planner import metrics
from planner.calendars.feed import is_unchanged
from planner.services.feed_memory import FeedMemory, Written
from planner.services.feeds import kept_feed
from planner.services.runtime import Runtime
from planner.web.security import HEADERS, HSTS
from planner.web.watching import log_answer

TYPE: Final = "text/calendar; charset=utf-8"
STATUS: Final = {200: "200 OK", 304: "304 Not Modified"}
ASKED: Final = ("IF_NONE_MATCH", "IF_MODIFIED_SINCE", "ACCEPT_ENCODING")
"""Headers in the order of `Asked`, as servers in Python name them."""

_BEFORE: Final = "/f/"
_AFTER: Final = ".ics"
_RULE: Final = f"{_BEFORE}<token>{_AFTER}"
_SAFE: Final = tuple((name, value) for name, value in HEADERS.items() if name != "Referrer-Policy")
_log = logging.getLogger("planner.access")


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request says about the copy that the program has, and the packing it takes; None: nothing."""

    if_none_match: str | None
    if_modified_since: str | None
    accept_encoding: str | None


@dataclass(frozen=True, slots=True)
class FeedAnswer:
    """Status, headers and body."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


def answer_to(
    asked: Asked, written: Written, now: datetime, *, may_pack: bool, always: tuple[tuple[str, str], ...] = ()
) -> FeedAnswer:
    """The calendar, packed where the program takes that, or 304 where its copy is still good.

    Args:
        always: headers to add.
    """
    packed = may_pack and "gzip" in (asked.accept_encoding or "").lower()
    tag = _packed_tag(written) if packed else written.etag
    # No answer may be dated later than it is given (RFC 9110 §8.8.2.1).
    dated = min(written.changed_at, now.replace(microsecond=0))
    if _is_still_good(asked, written):
        return FeedAnswer(304, _headers(tag, dated, always), b"")
    body = written.packed if packed else written.data
    return FeedAnswer(200, _headers(tag, dated, always, len(body), packed=packed), body)


def _is_still_good(asked: Asked, written: Written) -> bool:
    """Whether the program has these bytes, packed or not."""
    since = asked.if_modified_since
    if asked.if_none_match is None and since is None:
        return False
    tags = (written.etag, _packed_tag(written))
    return any(is_unchanged(asked.if_none_match, since, tag, written.changed_at) for tag in tags)


def _packed_tag(written: Written) -> str:
    """The packed bytes are others, so a strong tag has to differ (RFC 9110 §8.8.3.3)."""
    return f'{written.etag[:-1]}-gzip"'


@lru_cache(maxsize=1024)
def _headers(
    tag: str, dated: datetime, always: tuple[tuple[str, str], ...], length: int | None = None, *, packed: bool = False
) -> tuple[tuple[str, str], ...]:
    """Kept, because the same calendar is answered in the same way over and over.

    Args:
        length: of the body; None: there is none.
    """
    headers = [
        ("Content-Type", TYPE),
        ("ETag", tag),
        ("Last-Modified", format_datetime(dated, usegmt=True)),
        ("Cache-Control", "private, no-cache"),
        ("Referrer-Policy", "no-referrer"),
        ("Vary", "Accept-Encoding"),
    ]
    if packed:
        headers.append(("Content-Encoding", "gzip"))
    if length is not None:
        headers.append(("Content-Length", str(length)))
    return (*headers, *always)


class FeedDoor:
    """Stands before the application and hands out calendars whose bytes are kept; all else goes on inside.

    Most of what a server is ever asked is "has this calendar changed?", and the answer is nearly always no.
    """

    def __init__(
        self, inside: Callable[..., Iterable[bytes]], runtime: Runtime, memory: FeedMemory, *,
        may_pack: bool, encrypted: bool,
    ) -> None:  # fmt: skip
        self._inside = inside
        self._runtime = runtime
        self._memory = memory
        self._may_pack = may_pack
        self._always = (*_SAFE, HSTS) if encrypted else _SAFE

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer, or pass on."""
        if environ["REQUEST_METHOD"] == "GET":
            asked = Asked(*(environ.get(f"HTTP_{name}") for name in ASKED))
            answer = self.at_once(str(environ.get("PATH_INFO", "")), asked)
            if answer is not None:
                start_response(STATUS[answer.status], list(answer.headers))
                return [answer.body]
        return self._inside(environ, start_response)

    def at_once(self, path: str, asked: Asked) -> FeedAnswer | None:
        """The whole answer to a GET, where it can be given without waiting for anything; None: ask the application."""
        if not (path.startswith(_BEFORE) and path.endswith(_AFTER)):
            return None
        begun = time.monotonic()
        try:
            written = kept_feed(self._runtime, path[len(_BEFORE) : -len(_AFTER)], self._memory)
            if written is None:
                return None
            now = self._runtime.clock.now()
            answer = answer_to(asked, written, now, may_pack=self._may_pack, always=self._always)
        except Exception:
            # A server would log it together with the address, and the application can still answer.
            _log.exception("GET /f/<token>.ics was not answered at once")
            return None
        seconds = time.monotonic() - begun
        metrics.feed_answered(answer.status)
        metrics.request_answered(_RULE, answer.status, seconds)
        log_answer("GET", _RULE, answer.status, seconds)
        return answer

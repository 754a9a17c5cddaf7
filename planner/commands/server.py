"""The web server in this process: it answers in threads, turns away what is too much, and finishes before it ends."""

import logging
import threading
import time
from collections.abc import Callable
from functools import lru_cache, partial
from html import escape
from typing import Any, Final

from waitress import wasyncore
from waitress.channel import HTTPChannel
from waitress.server import BaseWSGIServer, create_server
from waitress.task import ThreadedTaskDispatcher
from waitress.utilities import build_http_date

from planner.config import Config
from planner.languages import preferred
from planner.web.feed_answer import ASKED, STATUS, Asked, FeedAnswer
from planner.web.security import HEADERS
from planner.words import say

FINISH_SECONDS: Final = 10
WAITING_PER_THREAD: Final = 8
"""So many requests may wait for each thread; one more would only wait until its reader has given up."""

CONNECTIONS_MAX: Final = 800
"""Open at one time. Browsers and calendar programs keep theirs open for minutes; the database needs some files, too."""

RETRY_SECONDS: Final = 5
_SEND_SECONDS: Final = 2
_LOOK_SECONDS: Final = 0.02
_STATUS: Final = {**STATUS, 503: "503 Service Unavailable"}
_log = logging.getLogger("planner.server")

AtOnce = Callable[[str, Asked], FeedAnswer | None]
"""The answer to a GET of this path if it is there without waiting for anything, else None."""


class Server:
    """A server that already holds its port.

    Args:
        app: the WSGI application.
        at_once: asked before `app`, and before a thread is.
    Raises:
        OSError: the port is taken or the address is not this machine's.
        ValueError: the host has no address.
    """

    def __init__(self, app: Callable[..., Any], config: Config, at_once: AtOnce = lambda _path, _asked: None) -> None:
        self._sockets: dict[int, Any] = {}
        self._dispatcher = _Dispatcher(at_once, config.threads * WAITING_PER_THREAD)
        self._server = create_server(
            app,
            map=self._sockets,
            _dispatcher=self._dispatcher,
            host=config.host,
            port=config.port,
            ident=None,
            connection_limit=CONNECTIONS_MAX,
            asyncore_use_poll=True,
            # With proxies in front, the application reads what they add; without, nobody may pretend to be one.
            clear_untrusted_proxy_headers=config.trusted_proxies == 0,
        )
        self._dispatcher.set_thread_count(config.threads)
        # A daemon: once the answers are out, the loop has nothing left that the process should wait for.
        self._thread = threading.Thread(target=self._run, name="server", daemon=True)

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    @property
    def waiting(self) -> int:
        """How many requests wait for a thread at this moment."""
        return len(self._dispatcher.queue)

    @property
    def turned_away(self) -> int:
        """How many requests were answered by 503, because too many waited before them or the server was ending."""
        return self._dispatcher.turned_away

    def finish(self, seconds: float = FINISH_SECONDS) -> None:
        """Take no more requests, answer those that were taken, send the answers, then return.

        The loop that sends runs on meanwhile; stopping it first would drop the answers.

        Args:
            seconds: how long the requests that were taken may still last.
        """
        self._dispatcher.ending = True
        self._close_the_door()
        end = time.monotonic() + seconds
        while self._dispatcher.busy and time.monotonic() < end:
            time.sleep(_LOOK_SECONDS)
        self._dispatcher.shutdown(cancel_pending=False, timeout=max(0.1, end - time.monotonic()))
        end = time.monotonic() + _SEND_SECONDS
        while self._unsent() and time.monotonic() < end:
            time.sleep(_LOOK_SECONDS)

    def _close_the_door(self) -> None:
        """Give the port back, so that whoever comes now is refused at once and not kept waiting."""
        for each in list(self._sockets.values()):
            if isinstance(each, BaseWSGIServer):
                # In the loop's own thread: it may be looking at this very socket.
                each.trigger.pull_trigger(partial(wasyncore.dispatcher.close, each))

    def _run(self) -> None:
        self._dispatcher.loop = threading.get_ident()
        self._server.run()

    def _unsent(self) -> bool:
        channels = [channel for channel in list(self._sockets.values()) if isinstance(channel, HTTPChannel)]
        return any(channel.total_outbufs_len for channel in channels)


class _Dispatcher(ThreadedTaskDispatcher):  # type: ignore[misc]
    """Hands requests to threads, but for those whose answer is there at once: a thread's turn would cost far more."""

    loop = 0
    """The thread that reads from all connections."""

    ending = False
    turned_away = 0

    def __init__(self, at_once: AtOnce, most_waiting: int) -> None:
        super().__init__()
        self._at_once = at_once
        self._most_waiting = most_waiting
        self._full_since = 0.0

    @property
    def busy(self) -> bool:
        """Whether a request is being answered, or waits for that."""
        return bool(self.queue) or self.active_count > 0

    def add_task(self, task: HTTPChannel) -> None:
        """Called when a connection has read a whole request, and by threads that leave further ones behind."""
        if threading.get_ident() == self.loop and (self._answered(task) or self._turned_away(task)):
            return
        super().add_task(task)

    def _turned_away(self, channel: HTTPChannel) -> bool:
        """Say at once that there is too much to do: to wait in a queue that only grows helps nobody."""
        if not self.ending and len(self.queue) < self._most_waiting:
            self._full_since = 0.0
            return False
        if channel.total_outbufs_len:
            return False  # Behind what still has to be sent; one connection can have no more than one of these.
        request = channel.requests.pop()
        language = request.headers.get("ACCEPT_LANGUAGE", "")
        request.close()
        channel.close_when_flushed = True
        channel.write_soon(turned_away(language, int(time.time()), ending=self.ending))
        self.turned_away += 1
        self._say_once()
        return True

    def _say_once(self) -> None:
        """One line for each time that the queue fills up, not one for each request."""
        if not self._full_since and not self.ending:
            self._full_since = time.monotonic()
            _log.warning("%d requests wait for a thread; more are turned away", self._most_waiting)

    def _answered(self, channel: HTTPChannel) -> bool:
        (request,) = channel.requests
        if not _is_plain(request) or channel.total_outbufs_len:
            # Behind what still has to be sent a thread may have to wait; the loop must not.
            return False
        answer = self._at_once(request.path, Asked(*(request.headers.get(name) for name in ASKED)))
        if answer is None:
            return False
        channel.requests.pop()
        request.close()
        channel.write_soon(_on_the_wire(answer))
        # The next answer begins a buffer of its own, so that this one's memory is given back.
        channel.current_outbuf_count = channel.adj.outbuf_high_watermark
        return True


@lru_cache(maxsize=64)
def turned_away(accept_language: str, second: int, *, ending: bool) -> bytes:
    """A whole answer: 503, when to come back, and a page that says so in the reader's language.

    Args:
        accept_language: the header as it was sent.
        second: since the epoch.
        ending: the program is being stopped, so that the next one answers.
    """
    language = preferred(accept_language)
    why = say("The planner is being restarted.") if ending else say("The planner has too much to do at this moment.")
    rest = say("Nothing was changed. Please try again in a few seconds.")
    words = " ".join(escape(text.put(language)) for text in (why, rest))
    page = f'<!doctype html><html lang="{language}"><meta charset="utf-8"><title>503</title><p>{words}</p></html>\n'
    body = page.encode()
    headers = (
        ("Content-Type", "text/html; charset=utf-8"),
        ("Content-Length", str(len(body))),
        ("Retry-After", str(RETRY_SECONDS)),
        ("Cache-Control", "no-store"),
        ("Connection", "close"),
        *HEADERS.items(),
    )
    return _head(503, headers, second) + body


def _is_plain(request: Any) -> bool:
    """Whether it is a GET after which the connection simply stays open, as it does with most programs."""
    if request.error or request.version != "1.1" or request.command != "GET":
        return False
    connection: str = request.headers.get("CONNECTION", "keep-alive")
    return connection.lower() == "keep-alive"


def _on_the_wire(answer: FeedAnswer) -> bytes:
    return _head(answer.status, answer.headers, int(time.time())) + answer.body


@lru_cache
def _head(status: int, headers: tuple[tuple[str, str], ...], second: int) -> bytes:
    """Kept, because much the same is asked many times in one second."""
    lines = [f"HTTP/1.1 {_STATUS[status]}", f"Date: {build_http_date(second)}"]
    lines += [f"{name}: {value}" for name, value in headers]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")

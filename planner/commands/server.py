"""The web server in this process: it answers in threads, and finishes what it is answering before it ends."""

import threading
import time
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final

from waitress.channel import HTTPChannel
from waitress.server import create_server
from waitress.task import ThreadedTaskDispatcher
from waitress.utilities import build_http_date

from planner.config import Config
from planner.web.feed_answer import ASKED, STATUS, Asked, FeedAnswer

FINISH_SECONDS: Final = 10
_SEND_SECONDS: Final = 2
_LOOK_SECONDS: Final = 0.02

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
        self._dispatcher = _Dispatcher(at_once)
        self._server = create_server(
            app,
            map=self._sockets,
            _dispatcher=self._dispatcher,
            host=config.host,
            port=config.port,
            ident=None,
            # With proxies in front, the application reads what they add; without, nobody may pretend to be one.
            clear_untrusted_proxy_headers=config.trusted_proxies == 0,
        )
        self._dispatcher.set_thread_count(config.threads)
        # A daemon: once the answers are out, the loop has nothing left that the process should wait for.
        self._thread = threading.Thread(target=self._run, name="server", daemon=True)

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def finish(self) -> None:
        """Let the requests that are being answered end, send their answers, then return.

        The loop that sends runs on meanwhile; stopping it first would drop the answers.
        """
        self._dispatcher.shutdown(cancel_pending=False, timeout=FINISH_SECONDS)
        deadline = time.monotonic() + _SEND_SECONDS
        while self._unsent() and time.monotonic() < deadline:
            time.sleep(_LOOK_SECONDS)

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

    def __init__(self, at_once: AtOnce) -> None:
        super().__init__()
        self._at_once = at_once

    def add_task(self, task: HTTPChannel) -> None:
        """Called when a connection has read a whole request, and by threads that leave further ones behind."""
        if threading.get_ident() != self.loop or not self._answered(task):
            super().add_task(task)

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
    lines = [f"HTTP/1.1 {STATUS[status]}", f"Date: {build_http_date(second)}"]
    lines += [f"{name}: {value}" for name, value in headers]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")

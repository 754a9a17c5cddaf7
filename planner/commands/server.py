"""The web server in this process: it answers in threads, and finishes what it is answering before it ends."""

import threading
import time
from collections.abc import Callable
from typing import Any, Final

from waitress.channel import HTTPChannel
from waitress.server import create_server

from planner.config import Config

FINISH_SECONDS: Final = 10
_SEND_SECONDS: Final = 2
_LOOK_SECONDS: Final = 0.02


class Server:
    """A server that already holds its port.

    Args:
        app: the WSGI application.
    Raises:
        OSError: the port is taken or the address is not this machine's.
        ValueError: the host has no address.
    """

    def __init__(self, app: Callable[..., Any], config: Config) -> None:
        self._sockets: dict[int, Any] = {}
        self._server = create_server(
            app,
            map=self._sockets,
            host=config.host,
            port=config.port,
            threads=config.threads,
            ident=None,
            # With proxies in front, the application reads what they add; without, nobody may pretend to be one.
            clear_untrusted_proxy_headers=config.trusted_proxies == 0,
        )
        # A daemon: once the answers are out, the loop has nothing left that the process should wait for.
        self._thread = threading.Thread(target=self._server.run, name="server", daemon=True)

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def finish(self) -> None:
        """Let the requests that are being answered end, send their answers, then return.

        The loop that sends runs on meanwhile; stopping it first would drop the answers.
        """
        self._server.task_dispatcher.shutdown(cancel_pending=False, timeout=FINISH_SECONDS)
        deadline = time.monotonic() + _SEND_SECONDS
        while self._unsent() and time.monotonic() < deadline:
            time.sleep(_LOOK_SECONDS)

    def _unsent(self) -> bool:
        channels = [channel for channel in list(self._sockets.values()) if isinstance(channel, HTTPChannel)]
        return any(channel.total_outbufs_len for channel in channels)

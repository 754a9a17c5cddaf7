"""Fetches a calendar from an address that somebody typed: never from inside our own network, never for ever.

The name is resolved once and every one of its addresses judged; the connection then goes to the judged address itself,
so that a name which answers differently a moment later gains nothing. Each redirect is judged anew.
"""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Any, Final
from urllib.parse import SplitResult, urljoin, urlsplit

from planner.errors import InvalidInput, PlannerError
from planner.words import say

IpAddress = IPv4Address | IPv6Address

SECONDS: Final = 20.0
MOST_REDIRECTS: Final = 4
# Office 365 turns away programs that do not call themselves a browser.
USER_AGENT: Final = "Mozilla/5.0 (compatible; CoursePlanner calendar import)"
_CHUNK: Final = 65536
# Addresses that a gateway turns into the IPv4 ones inside of them (RFC 6052).
_TRANSLATED: Final = IPv6Network("64:ff9b::/96")
# All that the internet has of IPv6; beside it lie local networks, old and new, that Python does not know by name.
_GLOBAL: Final = IPv6Network("2000::/3")


class FetchFailed(PlannerError):
    """The calendar could not be fetched now; the message says why, in words for its owner."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """What an address answered.

    Args:
        data: None: unchanged since the tag that was sent.
        etag: its tag, or "".
    """

    data: bytes | None
    etag: str


def is_public(address: IpAddress) -> bool:
    """Whether an address is out on the internet, also one dressed up as IPv6."""
    if isinstance(address, IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
        if address in _TRANSLATED:
            inner = IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(inner)
        if address not in _GLOBAL:
            return False
    return address.is_global and not address.is_multicast


def checked_address(text: str) -> str:
    """The address to fetch, webcal made https.

    Raises:
        InvalidInput: it is no web address.
    """
    address = text.strip()
    for scheme in ("webcal://", "webcals://"):
        if address.lower().startswith(scheme):
            address = "https://" + address[len(scheme) :]
    try:
        parts = urlsplit(address)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        good = False
    if not good or not address.isascii() or not address.isprintable() or " " in address or len(address) > 2000:
        raise InvalidInput(say("This is no calendar address; it begins with https:// or webcal://."), field="address")
    if parts.username or parts.password:
        raise InvalidInput(say("Leave the user name and password out of the address."), field="address")
    return address


@dataclass(frozen=True)
class Fetcher:
    """Fetches calendars.

    Args:
        allowed: says of each resolved address whether it may be connected to.
        most_bytes: larger answers are refused.
        seconds: for everything together, redirects included.
        trust: whose certificates are believed.
        resolve: as `socket.getaddrinfo` does.
    """

    allowed: Callable[[IpAddress], bool] = is_public
    most_bytes: int = 4 * 1024 * 1024
    seconds: float = SECONDS
    trust: ssl.SSLContext = field(default_factory=ssl.create_default_context, repr=False)
    resolve: Callable[..., list[Any]] = socket.getaddrinfo

    def fetch(self, address: str, etag: str = "") -> Fetched:
        """Get the calendar at an address.

        Args:
            etag: of the copy at hand; sent along so that an unchanged one is not sent again.
        Raises:
            FetchFailed: it can't be had, may not be asked for, or is too large or too slow.
        """
        deadline = time.monotonic() + self.seconds
        for _ in range(MOST_REDIRECTS + 1):
            try:
                answer = self._ask(urlsplit(address), etag, deadline)
            except (OSError, http.client.HTTPException, UnicodeError) as error:
                _left(deadline)
                raise FetchFailed(
                    say("The calendar's server can't be reached (%(words)s).", words=_words(error))
                ) from error
            if isinstance(answer, Fetched):
                return answer
            try:
                address = checked_address(urljoin(address, answer))
            except (InvalidInput, ValueError) as error:
                raise FetchFailed(
                    say("The calendar's server sends us on to something that is no web address.")
                ) from error
        raise FetchFailed(say("The calendar's server sends us on and on to other addresses."))

    def _ask(self, parts: SplitResult, etag: str, deadline: float) -> Fetched | str:
        """One request: the answer, or the address we are sent on to."""
        connection = _Connection(parts, self._judged(parts), self.trust, _left(deadline))
        # Each wait for bytes has an end of its own, so one byte now and then would keep us for hours.
        end = threading.Timer(_left(deadline), connection.cut)
        end.daemon = True
        end.start()
        try:
            path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            connection.request("GET", path, headers=_headers(etag))
            response = connection.getresponse()
            if response.status in (301, 302, 303, 307, 308):
                return response.getheader("Location") or ""
            if response.status == 304 and etag:
                return Fetched(None, etag)
            if response.status != 200:
                raise FetchFailed(
                    say(
                        "The calendar's server answers %(status)s %(reason)s.",
                        status=response.status,
                        reason=response.reason[:60],
                    )
                )
            return Fetched(self._read(connection, response, deadline), response.getheader("ETag") or "")
        finally:
            end.cancel()
            connection.close()

    def _judged(self, parts: SplitResult) -> tuple[str, int]:
        """The address to connect to, after every address of the name was judged."""
        port = parts.port or (443 if parts.scheme == "https" else 80)
        found = self.resolve(parts.hostname, port, type=socket.SOCK_STREAM)
        hosts = [str(each[4][0]).partition("%")[0] for each in found]
        # One bad address is enough: a name that has both is playing tricks.
        if not hosts or not all(self.allowed(ip_address(host)) for host in hosts):
            raise FetchFailed(say("This address is inside a private network; give one that is reachable from outside."))
        return hosts[0], port

    def _read(self, connection: _Connection, response: http.client.HTTPResponse, deadline: float) -> bytes:
        if response.getheader("Content-Encoding", "identity").lower() != "identity":
            raise FetchFailed(say("The calendar's server packs its answer although it was asked not to."))
        parts: list[bytes] = []
        size = 0
        while True:
            connection.give(_left(deadline))
            chunk = response.read1(_CHUNK)
            if not chunk:
                # The end that we made ourselves is not the calendar's.
                _left(deadline)
                return b"".join(parts)
            size += len(chunk)
            if size > self.most_bytes:
                raise FetchFailed(
                    say("The calendar is larger than %(megabytes)s MB.", megabytes=self.most_bytes // 1024 // 1024)
                )
            parts.append(chunk)


class _Connection(http.client.HTTPConnection):
    """A connection to the judged address itself, while name and certificate stay those of the host."""

    def __init__(self, parts: SplitResult, judged: tuple[str, int], trust: ssl.SSLContext, seconds: float) -> None:
        super().__init__(parts.hostname or "", judged[1], timeout=seconds)
        self._judged = judged
        self._trust = trust if parts.scheme == "https" else None
        self._line: socket.socket | None = None

    def connect(self) -> None:
        """Connect without asking for the name again."""
        self.sock = self._line = socket.create_connection(self._judged, self.timeout)
        if self._trust:
            # `cut` must reach it while the two are still agreeing on keys.
            self.sock = self._line = self._trust.wrap_socket(
                self.sock, server_hostname=self.host, do_handshake_on_connect=False
            )
            self.sock.do_handshake()

    def cut(self) -> None:
        """End it from another thread: whoever reads from it finds its end."""
        if self._line is not None:
            with suppress(OSError):
                socket.socket.shutdown(self._line, socket.SHUT_RDWR)

    def give(self, seconds: float) -> None:
        """Wait at most so long for the next bytes."""
        if self.sock is not None:
            self.sock.settimeout(seconds)


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise FetchFailed(say("The calendar's server is too slow."))
    return left


def _headers(etag: str) -> dict[str, str]:
    headers = {"User-Agent": USER_AGENT, "Accept": "text/calendar, */*;q=0.1", "Accept-Encoding": "identity"}
    return {**headers, "If-None-Match": etag} if etag and etag.isprintable() else headers


def _words(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return say("no answer in time")
    if isinstance(error, socket.gaierror):
        return say("there is no such name")
    if isinstance(error, ssl.SSLError):
        return say("its certificate is not valid")
    return type(error).__name__

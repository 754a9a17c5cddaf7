"""Asks a server the same thing over and over from a process of its own; prints one JSON line with what it measured.

Run as `python benchmarks/make_requests.py PORT PATH SECONDS CONNECTIONS [HEADER]...`; needs only the standard library.
One thread serves all connections, so that as little as can be of the machine is taken from the server.
"""

import json
import re
import select
import socket
import sys
import time

_STATUS = re.compile(rb"HTTP/1\.[01] (\d{3})")
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_CLOSE = re.compile(rb"\r\nconnection: *close", re.IGNORECASE)


class Connection:
    """One of those that ask; it asks anew as soon as it is answered."""

    def __init__(self, port: int, request: bytes) -> None:
        self._port, self._request = port, request
        self.connect()

    def connect(self) -> None:
        """Open it, or open it again."""
        self.socket = socket.create_connection(("127.0.0.1", self._port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(self) -> None:
        """Send the request."""
        self._data, self._whole = b"", 0
        self.begun = time.perf_counter()
        self.socket.sendall(self._request)

    def answered(self) -> bool:
        """Read what is there; whether the answer is complete."""
        more = self.socket.recv(262144)
        if not more:
            raise SystemExit("the server hung up")
        self._data += more
        if not self._whole:
            self._whole = self._length()
        return 0 < self._whole <= len(self._data)

    def stays(self) -> bool:
        """Whether the server leaves it open after this answer."""
        return self._data.startswith(b"HTTP/1.1") and not _CLOSE.search(self._data[: self._head])

    def _length(self) -> int:
        """Of the whole answer, when its head is there; before that 0."""
        self._head = self._data.find(b"\r\n\r\n") + 4
        if self._head < 4:
            return 0
        status, length = _STATUS.match(self._data), _LENGTH.search(self._data, 0, self._head)
        if status is None or status[1] not in (b"200", b"304"):
            raise SystemExit(f"answered {self._data[:60]!r}")
        return self._head if status[1] == b"304" else self._head + int(length[1] if length else b"0")


def main() -> None:
    """Measure, and print requests a second and the latencies' percentiles in milliseconds."""
    port, path, seconds, count = int(sys.argv[1]), sys.argv[2], float(sys.argv[3]), int(sys.argv[4])
    request = "\r\n".join([f"GET {path} HTTP/1.1", "Host: 127.0.0.1", *sys.argv[5:], "", ""]).encode()
    _measure(port, request, 0.2, count)
    began = time.perf_counter()
    latencies = sorted(_measure(port, request, seconds, count))
    took = time.perf_counter() - began
    at = {f"p{share}": 1000 * latencies[min(len(latencies) - 1, len(latencies) * share // 100)] for share in (50, 99)}
    print(json.dumps({"per_second": len(latencies) / took, **at}))


def _measure(port: int, request: bytes, seconds: float, count: int) -> list[float]:
    """How long each answer took; all that were asked for are waited for."""
    latencies, waiting, poll = [], {}, select.epoll()
    until = time.perf_counter() + seconds

    def begin(connection: Connection) -> None:
        connection.ask()
        waiting[connection.socket.fileno()] = connection

    for _ in range(count):
        begin(connection := Connection(port, request))
        poll.register(connection.socket, select.EPOLLIN)
    while waiting:
        for descriptor, _ in poll.poll():
            connection = waiting[descriptor]
            if not connection.answered():
                continue
            now = time.perf_counter()
            latencies.append(now - connection.begun)
            del waiting[descriptor]
            if now >= until:
                connection.socket.close()
                continue
            if not connection.stays():
                connection.socket.close()
                connection.connect()
                poll.register(connection.socket, select.EPOLLIN)
            begin(connection)
    return latencies


main()

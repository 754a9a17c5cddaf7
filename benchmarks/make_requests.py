"""Asks a server the same thing over and over from a process of its own; prints one JSON line with what it measured.

Run as `python benchmarks/make_requests.py PORT PATH SECONDS CONNECTIONS [HEADER]...`; needs only the standard library.
"""

import json
import socket
import sys
import threading
import time


def main() -> None:
    """Measure, and print requests a second and the latencies' percentiles in milliseconds."""
    port, path, seconds, connections = int(sys.argv[1]), sys.argv[2], float(sys.argv[3]), int(sys.argv[4])
    lines = [f"GET {path} HTTP/1.1", "Host: 127.0.0.1", *sys.argv[5:], "", ""]
    request = "\r\n".join(lines).encode()
    _ask(socket.create_connection(("127.0.0.1", port)), request)
    results: list[list[float]] = [[] for _ in range(connections)]
    until = time.perf_counter() + seconds
    threads = [threading.Thread(target=_loop, args=(port, request, until, kept)) for kept in results]
    begun = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = time.perf_counter() - begun
    every = sorted(value for kept in results for value in kept)
    at = {f"p{share}": 1000 * every[min(len(every) - 1, len(every) * share // 100)] for share in (50, 99)}
    print(json.dumps({"per_second": len(every) / took, **at}))


def _loop(port: int, request: bytes, until: float, kept: list[float]) -> None:
    connection = socket.create_connection(("127.0.0.1", port))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    while (begun := time.perf_counter()) < until:
        open_still = _ask(connection, request)
        kept.append(time.perf_counter() - begun)
        if not open_still:
            connection = socket.create_connection(("127.0.0.1", port))


def _ask(connection: socket.socket, request: bytes) -> bool:
    """Send the request and read the whole answer; whether the connection stays open."""
    connection.sendall(request)
    data = b""
    while b"\r\n\r\n" not in data:
        data += _more(connection)
    head, _, body = data.partition(b"\r\n\r\n")
    fields = {
        name.strip().lower(): value.strip() for name, _, value in (line.partition(b":") for line in head.split(b"\r\n"))
    }
    status = int(head.split(b" ", 2)[1])
    if status not in (200, 304):
        raise SystemExit(f"answered {status}")
    length = 0 if status == 304 else int(fields[b"content-length"])
    while len(body) < length:
        body += _more(connection)
    stays = fields.get(b"connection", b"").lower() != b"close" and head.startswith(b"HTTP/1.1")
    if not stays:
        connection.close()
    return stays


def _more(connection: socket.socket) -> bytes:
    data = connection.recv(262144)
    if not data:
        raise SystemExit("the server hung up")
    return data


main()

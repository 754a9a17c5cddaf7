"""The web server ends without dropping what it has begun, and answers at once what it can."""

import http.client
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest

from planner.commands.server import Server
from planner.config import Config
from planner.web.feed_answer import FeedAnswer

BODY_BYTES = 14_000_000
# A process whose only page takes half a second, and which ends as `planner serve` does.
PROGRAM = """
import dataclasses, pathlib, signal, sys, threading, time
from planner.commands.server import Server
from planner.config import Config

def slow(environ, start_response):
    print("asked", flush=True)
    time.sleep(0.5)
    start_response("200 OK", [("Content-Length", sys.argv[2])])
    return [b"x" * int(sys.argv[2])]

config = Config(instance=pathlib.Path("/"), database_url="sqlite:////none", secret_key="s" * 32, port=int(sys.argv[1]))
server = Server(slow, config)
stop = threading.Event()
signal.signal(signal.SIGTERM, lambda *_: stop.set())
server.start()
print("listening", flush=True)
stop.wait()
server.finish()
"""


def free_port():
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_a_request_that_is_being_answered_is_finished_before_the_end():
    """The whole answer arrives, though the process was told to end in the middle, and the reader is slow."""
    port = free_port()
    command = [sys.executable, "-c", PROGRAM, str(port), str(BODY_BYTES)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "listening\n"
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        connection.request("GET", "/")
        assert process.stdout.readline() == "asked\n"
        process.send_signal(signal.SIGTERM)
        time.sleep(0.8)
        assert len(connection.getresponse().read()) == BODY_BYTES
        connection.close()
        assert process.wait(15) == 0


class Clinic:
    """An application of slow pages, and answers that are there at once."""

    def __init__(self, size):
        self.go_on, self.asked = threading.Event(), threading.Semaphore(0)
        self.body = b"q" * size

    def page(self, environ, start_response):
        """Says which path it is, when it may; it knows the quick answers as well."""
        self.asked.release()
        assert self.go_on.wait(20)
        body = self.body_of(environ["PATH_INFO"])
        start_response("200 OK", [("Content-Length", str(len(body)))])
        return [body]

    def body_of(self, path):
        """What each path answers."""
        return self.body if path.startswith("/quick") else f"page {path}".encode()

    def at_once(self, path, asked):
        """What is under /quick, or 304 to whoever has it."""
        if not path.startswith("/quick"):
            return None
        if asked.if_none_match == '"q"':
            return FeedAnswer(304, (("ETag", '"q"'),), b"")
        return FeedAnswer(200, (("ETag", '"q"'), ("Content-Length", str(len(self.body)))), self.body)


@pytest.fixture
def served(request):
    """(the application, a way to connect), with two threads; a parameter is the size of what is there at once."""
    clinic, port = Clinic(getattr(request, "param", 20)), free_port()
    config = Config(instance=Path("/"), database_url="sqlite:////none", secret_key="s" * 32, port=port, threads=2)
    server = Server(clinic.page, config, clinic.at_once)
    server.start()
    yield clinic, lambda: closing(socket.create_connection(("127.0.0.1", port), timeout=20))
    clinic.go_on.set()
    server.finish()


def ask(connection, *paths, version="1.1", header=""):
    """Send requests in one piece."""
    text = "".join(f"GET {path} HTTP/{version}\r\nHost: x\r\n{header}\r\n" for path in paths)
    connection.sendall(text.encode())


def answers(connection, count):
    """(status, headers, body) of so many answers; the connection may end after the last."""
    stream, found = connection.makefile("rb"), []
    for _ in range(count):
        status = int(stream.readline().split()[1])
        headers = dict(line.decode().strip().split(": ", 1) for line in iter(stream.readline, b"\r\n"))
        found.append((status, headers, stream.read(int(headers.get("Content-Length", 0)))))
    return found


def test_what_is_there_at_once_waits_for_no_thread(served):
    """Both threads are busy with slow pages; calendars are answered all the same, again and again."""
    clinic, connected = served
    with connected() as one, connected() as two, connected() as three:
        ask(one, "/slow")
        ask(two, "/slow")
        assert clinic.asked.acquire(timeout=10)
        assert clinic.asked.acquire(timeout=10)
        for _ in range(3):
            ask(three, "/quick")
            ((status, headers, body),) = answers(three, 1)
            assert (status, headers["ETag"], body) == (200, '"q"', clinic.body)
            assert "Date" in headers
        clinic.go_on.set()
        assert [answers(each, 1)[0][2] for each in (one, two)] == [b"page /slow"] * 2


def test_answers_come_in_the_order_of_the_questions(served):
    """Also where some are there at once and some are not."""
    clinic, connected = served
    clinic.go_on.set()
    paths = ["/quick", "/quick", "/a", "/quick", "/b", "/quick"]
    with connected() as connection:
        ask(connection, *paths)
        bodies = [body for _, _, body in answers(connection, len(paths))]
    assert bodies == [clinic.body_of(path) for path in paths]


def test_the_connection_stays_open_after_not_modified(served):
    """A new one for each question would cost more than the answer."""
    _, connected = served
    with connected() as connection:
        for _ in range(2):
            ask(connection, "/quick", header='If-None-Match: "q"\r\n')
            ((status, headers, _),) = answers(connection, 1)
            assert status == 304
            assert "Connection" not in headers


@pytest.mark.parametrize(("version", "header"), [("1.0", ""), ("1.1", "Connection: close\r\n")])
def test_whoever_wants_the_connection_closed_goes_the_long_way(served, version, header):
    """The application answers, and the connection ends."""
    clinic, connected = served
    clinic.go_on.set()
    with connected() as connection:
        ask(connection, "/quick", version=version, header=header)
        assert answers(connection, 1)[0][2] == clinic.body
        assert connection.recv(1) == b""
    assert clinic.asked.acquire(blocking=False)


@pytest.mark.parametrize("served", [3_000_000], indirect=True)
def test_a_program_that_reads_slowly_holds_up_nobody(served):
    """It asks for sixty megabytes and reads none of them; others are answered, and in the end it has them all."""
    clinic, connected = served
    clinic.go_on.set()
    with connected() as slow, connected() as other:
        ask(slow, *["/quick"] * 20)
        for _ in range(3):
            ask(other, "/quick")
            assert len(answers(other, 1)[0][2]) == len(clinic.body)
        sizes = [len(body) for _, _, body in answers(slow, 20)]
    assert sizes == [len(clinic.body)] * 20

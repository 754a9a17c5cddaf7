"""The web server drops nothing that it has begun, answers at once what it can, and turns away what is too much."""

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

from planner.commands.server import RETRY_SECONDS, WAITING_PER_THREAD, Server
from planner.config import Config
from planner.web.feed_answer import FeedAnswer

BODY_BYTES = 14_000_000
# A process whose only page takes half a second, and which ends as `planner serve` does.
PROGRAM = """
import dataclasses, pathlib, signal, sys, threading, time
from planner.commands.server import RETRY_SECONDS, WAITING_PER_THREAD, Server
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
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        connection.request("GET", "/")
        assert process.stdout.readline() == "asked\n"
        process.send_signal(signal.SIGTERM)
        time.sleep(0.8)
        assert len(connection.getresponse().read()) == BODY_BYTES
        connection.close()
        assert process.wait(60) == 0


class Clinic:
    """An application of slow pages, and answers that are there at once."""

    def __init__(self, size):
        self.go_on, self.asked = threading.Event(), threading.Semaphore(0)
        self.body = b"q" * size

    def page(self, environ, start_response):
        """Says which path it is, when it may; it knows the quick answers as well."""
        self.asked.release()
        assert self.go_on.wait(60)
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
    clinic.server = server
    yield clinic, lambda: closing(socket.create_connection(("127.0.0.1", port), timeout=60))
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
        assert clinic.asked.acquire(timeout=60)
        assert clinic.asked.acquire(timeout=60)
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


def later(connected, count, path="/slow"):
    """So many connections that have asked for a page."""
    opened = [connected() for _ in range(count)]
    connections = [each.__enter__() for each in opened]
    for connection in connections:
        ask(connection, path)
    return connections


def wait_until(condition, seconds=60):
    """Wait until something is so."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.01)


def test_more_clients_than_threads_can_carry_are_told_at_once_to_come_back(served):
    """Two are answered, so many wait, the rest hear 503 within a second; those who waited are answered in the end.

    What is there at once is there for them as well.
    """
    clinic, connected = served
    room = 2 + 2 * WAITING_PER_THREAD
    busy = later(connected, 2)
    for _ in busy:
        assert clinic.asked.acquire(timeout=60)
    waiting = later(connected, room - 2)
    wait_until(lambda: clinic.server.waiting == room - 2)
    begun = time.monotonic()
    for connection in later(connected, 40):
        ((status, headers, body),) = answers(connection, 1)
        assert (status, headers["Retry-After"]) == (503, str(RETRY_SECONDS))
        assert b"Nothing was changed" in body
        assert headers["Connection"] == "close"
        assert "Content-Security-Policy" in headers
        assert connection.recv(1) == b""
        connection.close()
    assert time.monotonic() - begun < 30
    with connected() as quick:
        ask(quick, "/quick")
        assert answers(quick, 1)[0][2] == clinic.body
    clinic.go_on.set()
    for connection in (*busy, *waiting):
        assert answers(connection, 1)[0][2] == b"page /slow"
        connection.close()


def test_who_is_turned_away_reads_it_in_their_language(served):
    """As on every other page."""
    clinic, connected = served
    busy = later(connected, 2)
    for _ in busy:
        assert clinic.asked.acquire(timeout=60)
    waiting = later(connected, 2 * WAITING_PER_THREAD)
    wait_until(lambda: clinic.server.waiting == 2 * WAITING_PER_THREAD)
    with connected() as connection:
        ask(connection, "/slow", header="Accept-Language: fr, de-AT;q=0.9\r\n")
        ((status, _, body),) = answers(connection, 1)
    assert status == 503
    assert b'lang="de"' in body
    assert "Nothing was changed" not in body.decode()
    clinic.go_on.set()
    for connection in (*busy, *waiting):
        assert answers(connection, 1)[0][2] == b"page /slow"
        connection.close()


def test_at_the_end_what_waits_is_answered_and_nobody_new_is_taken():
    """The port is given back at once; a request on a connection that was open hears that the program is restarted."""
    clinic, port = Clinic(20), free_port()
    config = Config(instance=Path("/"), database_url="sqlite:////none", secret_key="s" * 32, port=port, threads=2)
    server = Server(clinic.page, config, clinic.at_once)
    server.start()

    def connected():
        return closing(socket.create_connection(("127.0.0.1", port), timeout=60))

    asked = later(connected, 6)
    with connected() as open_before:
        ask(open_before, "/quick")
        answers(open_before, 1)
        end = threading.Thread(target=server.finish)
        end.start()
        wait_until(lambda: refused(port))
        ask(open_before, "/slow")
        ((status, headers, body),) = answers(open_before, 1)
        assert (status, headers["Retry-After"]) == (503, str(RETRY_SECONDS))
        assert b"restarted" in body
    clinic.go_on.set()
    for connection in asked:
        assert answers(connection, 1)[0][2] == b"page /slow"
        connection.close()
    end.join(60)
    assert not end.is_alive()
    assert server.turned_away == 1


def test_the_end_comes_though_a_page_never_does():
    """It is left behind after the time that it was given."""
    clinic, port = Clinic(20), free_port()
    config = Config(instance=Path("/"), database_url="sqlite:////none", secret_key="s" * 32, port=port, threads=2)
    server = Server(clinic.page, config, clinic.at_once)
    server.start()
    (stuck,) = later(lambda: closing(socket.create_connection(("127.0.0.1", port), timeout=60)), 1)
    assert clinic.asked.acquire(timeout=60)
    begun = time.monotonic()
    server.finish(0.3)
    assert time.monotonic() - begun < 30
    clinic.go_on.set()
    stuck.close()


def refused(port):
    """Whether nobody listens there any more."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
    except ConnectionRefusedError:
        return True
    return False

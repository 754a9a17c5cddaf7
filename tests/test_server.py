"""The web server ends without dropping what it has begun."""

import http.client
import signal
import socket
import subprocess
import sys
import time

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

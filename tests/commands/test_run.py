"""The commands that keep running, each in a process of its own: how they start, answer, refuse and end."""

import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager

import pytest
from click.testing import CliRunner

from planner.cli import main


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A working folder that has an instance folder with an empty database."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PLANNER_INSTANCE", str(tmp_path / "instance"))
    assert run("db", "upgrade").exit_code == 0
    return tmp_path


def run(*words):
    """Run a command in this process."""
    return CliRunner().invoke(main, list(words))


def free_port():
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def program(*words):
    """Run a command in a process of its own; it is ended at the end of the block."""
    command = [sys.executable, "-c", "from planner.cli import main; main()", *map(str, words)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def answer(port, path="/sign-in", seconds=60):
    """Ask until the server answers.

    Raises:
        AssertionError: it never did.
    """
    deadline = time.monotonic() + seconds
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=60) as page:
                return page.status, page.read().decode()
        except (urllib.error.URLError, ConnectionError):
            assert time.monotonic() < deadline, "no answer"
            time.sleep(0.1)


@pytest.mark.sweep
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_server_answers_and_ends_when_told(folder, number):
    """Exit code 0, and a second start finds all as it was."""
    port = free_port()
    with program("serve", "--port", port) as process:
        status, page = answer(port)
        assert (status, "Sign in" in page) == (200, True)
        process.send_signal(number)
        assert process.wait(60) == 0
    assert run("db", "check").exit_code == 0


def test_a_port_that_is_taken_is_said(folder):
    """Exit code 1, one line, with the way out."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with program("serve", "--port", taken.getsockname()[1]) as process:
            _, words = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "Choose another port" in words.splitlines()[-1]
    assert "Traceback" not in words


@pytest.mark.wide
def test_a_host_that_does_not_exist_is_said(folder):
    """Exit code 1, one line."""
    with program("serve", "--host", "nowhere.invalid", "--port", free_port()) as process:
        _, words = process.communicate(timeout=60)
    assert process.returncode == 1
    assert words.splitlines()[-1] == "planner: Can't listen on “nowhere.invalid”: no such host is known."
    assert "Traceback" not in words


@pytest.mark.sweep
@pytest.mark.parametrize("command", ["serve", "worker"])
def test_nothing_starts_whose_timers_could_never_run(folder, command):
    """A server without reminders and repairs would look well and be none."""
    (folder / "instance" / "worker.lock").mkdir()
    with program(command) as process:
        _, words = process.communicate(timeout=60)
    assert process.returncode == 1
    assert len(words.splitlines()) == 1
    assert "The timers' lock can't be made: Is a directory" in words


@pytest.mark.sweep
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_worker_ends_when_told(folder, number):
    """Its sweeps are finished first."""
    with program("worker") as process:
        assert "leading" in process.stderr.readline()
        process.send_signal(number)
        assert process.wait(60) == 0

"""Where the log is for programs, all that a running command says is: its start, its refusal, its end."""

import json
import signal

import pytest

from planner import logs
from planner.commands.saying import tell
from tests.commands.test_run import answer, folder, free_port, program

__all__ = ["folder"]


@pytest.mark.wide
def test_every_line_of_a_server_is_an_object(folder, monkeypatch):
    """From where it is reached, and how the clinic is opened, to the end."""
    monkeypatch.setenv("PLANNER_LOG_FORMAT", "json")
    port = free_port()
    with program("serve", "--port", port) as process:
        answer(port)
        process.send_signal(signal.SIGTERM)
        _, words = process.communicate(timeout=60)
    assert process.returncode == 0
    events = [json.loads(line)["event"] for line in words.splitlines()]
    assert any(event.startswith("The planner is at http://") for event in events)
    assert any(event.startswith("There is no clinic yet. Open yours here: ") for event in events)


@pytest.mark.sweep
@pytest.mark.parametrize("command", ["serve", "worker"])
def test_a_refused_start_is_an_object_too(folder, monkeypatch, command):
    """With its words, as an error."""
    monkeypatch.setenv("PLANNER_LOG_FORMAT", "json")
    (folder / "instance" / "planner.sqlite").unlink()
    with program(command) as process:
        _, words = process.communicate(timeout=60)
    assert process.returncode == 1
    last = json.loads(words.splitlines()[-1])
    assert (last["level"], last["logger"]) == ("error", "planner.start")
    assert "There is no database yet" in last["event"]


def test_people_read_plain_lines(capsys):
    """As long as nothing else was asked for."""
    assert not logs.is_json()
    tell("The planner is at home")
    tell("No.", refused=True)
    assert capsys.readouterr().err == "The planner is at home\nplanner: No.\n"

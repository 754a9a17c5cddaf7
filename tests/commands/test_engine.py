"""The engine of a process that lives long: said in the log, compiled beside the pages where that is missing."""

import logging
import sys
import threading
import time

import pytest

from planner.commands.engine import machine_code
from planner.scheduling import fast, quick_course
from planner.scheduling.warm import main, warm


@pytest.fixture(autouse=True)
def nothing_loaded(monkeypatch):
    """As at the start of a process."""
    monkeypatch.setattr(quick_course, "_loaded", threading.Event())


@pytest.fixture
def nothing_compiled(tmp_path, monkeypatch, caplog):
    """An empty folder for machine code."""
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "code"))
    caplog.set_level(logging.INFO, "planner.engine")
    return tmp_path


def said(caplog, words, seconds=60):
    """Wait until the log says it.

    Raises:
        AssertionError: it never did.
    """
    deadline = time.monotonic() + seconds
    while not any(words in message for message in caplog.messages):
        assert time.monotonic() < deadline, caplog.messages
        time.sleep(0.02)


def test_compiled_code_is_loaded_and_said(tmp_path, caplog):
    """Set-up has compiled it."""
    assert warm()
    caplog.set_level(logging.INFO, "planner.engine")
    with machine_code(tmp_path):
        said(caplog, "dates are found by machine code")


def test_code_that_is_missing_is_compiled_in_a_process_of_its_own(nothing_compiled, caplog):
    """Numpy serves meanwhile; a compiler that makes nothing is told."""
    note = nothing_compiled / "called"
    with machine_code(nothing_compiled, (sys.executable, "-c", f"open({str(note)!r}, 'w').close()")):
        said(caplog, "dates are found by numpy; machine code is being compiled")
        said(caplog, "machine code could not be compiled into")
    assert note.exists()


def test_the_end_of_the_program_ends_the_compiler(nothing_compiled, caplog):
    """Nobody waits for it at the end."""
    began = time.monotonic()
    with machine_code(nothing_compiled, (sys.executable, "-c", "import time; time.sleep(600)")):
        said(caplog, "is being compiled")
    assert time.monotonic() - began < 60
    assert len(caplog.messages) == 1


def test_where_the_programs_folder_can_not_be_written_the_instance_keeps_the_code(tmp_path, monkeypatch, caplog):
    """As under systemd with a strict system: numba takes no code out of a folder that it can't write to."""
    monkeypatch.setenv("NUMBA_CACHE_DIR", "/proc/nowhere")
    caplog.set_level(logging.INFO, "planner.engine")
    assert not fast.writable()
    assert not fast.ready()
    with machine_code(tmp_path, (sys.executable, "-c", "")):
        assert fast.place() == tmp_path / "machine-code"
        said(caplog, f"could not be compiled into {tmp_path / 'machine-code'}")


def test_set_up_says_why_nothing_is_compiled(monkeypatch, capsys):
    """A folder that can't be written."""
    monkeypatch.setenv("NUMBA_CACHE_DIR", "/proc/nowhere")
    assert main() == 0
    assert capsys.readouterr().out == "The search stays uncompiled: /proc/nowhere can't be written.\n"


@pytest.mark.parametrize(("name", "value"), [("NUMBA_CPU_NAME", "generic"), ("NUMBA_CPU_FEATURES", "+sse2")])
def test_code_for_another_processor_is_not_ready(tmp_path, monkeypatch, name, value):
    """Numba would compile anew in the middle of a request."""
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    fast.fingerprint.cache_clear()
    fast.mark().write_text(fast.fingerprint(), encoding="ascii")
    assert fast.ready()
    monkeypatch.setenv(name, value)
    fast.fingerprint.cache_clear()
    assert not fast.ready()
    monkeypatch.undo()
    fast.fingerprint.cache_clear()

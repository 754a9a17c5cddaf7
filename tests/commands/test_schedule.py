"""`planner schedule` beyond one answer: who moves, stopping it, the slow way, and files that must not be harmed."""

import json
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from benchmarks.make_clinic import Wish, make_problem
from planner.cli import main
from planner.commands.files import read_json
from planner.commands.schedule import Watch
from planner.scheduling.judge import broken_rules
from planner.scheduling.problem import Current, Problem, Resource, Session, Solution
from tests.scheduling.problems import WEEKLY, at, course, open_days, problem

CROWD = make_problem(Wish(courses=40, practitioners=3, load=0.8, days=120))


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A working folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def keep(case: Problem, name: str = "problem.json") -> None:
    """Write a problem file."""
    Path(name).write_text(json.dumps(case.to_json()))


def run(*words):
    """Run `planner schedule` in this process."""
    return CliRunner().invoke(main, ["schedule", "problem.json", "--out", "solution.json", *map(str, words)])


def without_ben(courses: int) -> Problem:
    """Everybody stands with Ben on some Monday, but Ben is away on all of them."""
    free = tuple(span for span in open_days(28) if span[0].weekday())
    names = [f"c{number:02}" for number in range(courses)]
    stand = [
        course(
            id=name,
            sessions=(Session(30, None), Session(30, WEEKLY)),
            current=tuple(Current(n, "ben", "room", at(7 * n, "09:00"), False, 80) for n in (0, 1)),
        )
        for name in names
    ]
    rooms = tuple(Resource(f"r{number}", open_days(28)) for number in range(2))
    return problem(
        *stand, practitioners=(Resource("ben", free, "Ben"),), rooms=(Resource("room", open_days(28)), *rooms)
    )


def test_who_moves_and_by_how_much_is_told_and_kept(folder):
    """In words on the terminal, in minutes in the file, which reads as before."""
    case = without_ben(2)
    keep(case)
    result = run()
    assert result.exit_code == 0, result.output
    assert "0 kept, 4 moved, 0 added, 0 dropped." in result.stdout
    assert "c00, session 1: Monday 2 March 09:00 → Tuesday 3 March 09:00, 1 day later" in result.stdout
    written = read_json("solution.json")
    first = written["changes"]["moved"][0]
    assert (first["course"], first["session"], first["from"], first["minutes"]) == ("c00", 0, "2026-03-02T09:00", 1440)
    assert (written["changes"]["kept"], written["changes"]["added"], written["changes"]["dropped"]) == (0, [], [])
    assert broken_rules(case, Solution.from_json(written)) == []


def test_after_twenty_who_move_the_others_are_counted(folder):
    """The file has all."""
    keep(without_ben(12))
    lines = run("--iterations", 20).stdout.splitlines()
    assert sum(" → " in line for line in lines) == 20
    assert "... and 4 more that move; the solution file has them all." in lines


def test_another_therapist_at_the_same_time_is_told(folder):
    """Which is a move as well."""
    case = problem(course(practitioners={"ben": 0, "eve": 40}, sessions=(Session(30, None),)))
    now = Current(0, "ben", "room", at(0, "09:00"), False, 80)
    case = replace(
        case,
        courses=(replace(case.courses[0], current=(now,), wait_points_per_day=500),),
        practitioners=(Resource("ben", open_days(28)[1:], "Ben"), Resource("eve", open_days(28), "Eve")),
    )
    keep(case)
    line = "ana, session 1: Monday 2 March 09:00 → Monday 2 March 09:00, with Eve instead of Ben"
    assert line in run().stdout.splitlines()


@pytest.mark.parametrize("seconds", ["nan", "inf", "-inf", "0", "-1", "soon"])
def test_seconds_that_are_no_number_of_seconds_are_refused(folder, seconds):
    """Before anything is read."""
    assert run("--seconds", seconds).exit_code == 2
    assert not Path("solution.json").exists()


def test_the_problem_is_never_written_over(folder):
    """By whatever name."""
    keep(CROWD)
    before = Path("problem.json").read_bytes()
    Path("other.json").symlink_to("problem.json")
    for out in ("problem.json", "./problem.json", "other.json"):
        result = CliRunner().invoke(main, ["schedule", "problem.json", "--out", out])
        assert (result.exit_code, "is the very file" in result.stderr) == (2, True)
    assert Path("problem.json").read_bytes() == before


def test_names_that_a_terminal_would_obey_are_written_out(folder):
    """A course's id may hold anything; the file has it as it is."""
    name = "\x1b[2Jana\nbo\u202e"
    keep(problem(course(id=name), course(id="cy"), rooms=()))
    result = run()
    assert result.exit_code == 0, result.output
    assert "\\x1b[2Jana\\nbo\\u202e, session 1 and 1 after it" in result.stdout
    assert not set(result.stdout) & {"\x1b", "\u202e"}
    assert read_json("solution.json")["unplaced"][0]["course"] == name
    keep(
        problem(
            course(id=name, practitioners={"ben": 0}, current=(Current(0, "ben", "room", at(0, "20:00"), True, 0),))
        )
    )
    assert "\x1b" not in run().stderr


def test_without_a_budget_the_joint_search_is_used(folder):
    """So that nobody gets the weaker answer for not knowing of an option."""
    keep(without_ben(3))
    result = run()
    assert "slow way" not in result.stderr
    assert "proved optimal" in result.stdout


@pytest.mark.parametrize(
    ("change", "why"), [({}, "machine code is missing"), ({"rooms": ()}, "no practitioner, or no room")]
)
def test_the_slow_way_is_told_with_the_reason(folder, monkeypatch, change, why):
    """It may take much longer."""
    if not change:
        monkeypatch.setenv("NUMBA_CACHE_DIR", str(folder / "empty"))
    keep(problem(course(), course(id="bo"), **change))
    result = run()
    assert result.exit_code == 0, result.output
    assert "Planning the slow way: " in result.stderr
    assert why in result.stderr


def test_a_search_without_a_budget_ends_when_nothing_gets_better():
    """Three seconds after the last better answer; with a budget it goes on."""
    now = [0.0]
    tired, patient = (Watch(threading.Event(), patient=each, timer=lambda: now[0]) for each in (False, True))
    for watch in (tired, patient):
        watch.progress(500, 10, 0.0, -1)
    now[0] = 9.0
    assert not tired.enough()
    for watch in (tired, patient):
        watch.progress(400, 10, 9.0, 0)
    now[0] = 11.0
    tired.progress(390, 10, 11.0, 5)
    now[0] = 13.9
    tired.progress(390, 20, 13.9, 6)
    assert not tired.enough()
    now[0] = 14.0
    assert (tired.enough(), patient.enough()) == (True, False)


def interrupted(folder, until: str, *words: object, times: int = 1, **env: str) -> subprocess.CompletedProcess:
    """Run it in a process of its own, and press Ctrl-C so often once it says this."""
    command = [sys.executable, "-c", "from planner.cli import main; main()", "schedule", "problem.json"]
    everything = ["env", *(f"{key}={value}" for key, value in env.items()), *command, "--out", "solution.json"]
    with subprocess.Popen(
        [*everything, *map(str, words)], stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        while until not in (line := process.stderr.readline()):
            assert line, "it ended before"
        for _ in range(times):
            process.send_signal(signal.SIGINT)
            time.sleep(0.05)
        output, errors = process.communicate(timeout=60)
    return subprocess.CompletedProcess(everything, process.returncode, output, errors)


def test_ctrl_c_again_and_again_loses_no_answer(folder):
    """While reasons are worked out and the file is written too."""
    nowhere = tuple(replace(each, free=each.free[:40]) for each in CROWD.practitioners)
    case = replace(CROWD, practitioners=nowhere)
    keep(case)
    done = interrupted(folder, " points", "--seconds", 300, times=6)
    # Once the answer is written and told, the next one ends the program as usual.
    assert done.returncode in (0, -signal.SIGINT)
    assert "Ending already" in done.stderr
    assert "sessions placed" in done.stdout
    assert broken_rules(case, Solution.from_json(read_json("solution.json"))) == []


@pytest.mark.wide
def test_ctrl_c_stops_the_slow_way_before_all_had_their_turn(folder):
    """It says how long it is at work; who had no turn is told so."""
    case = make_problem(Wish(courses=250, practitioners=8, load=0.8, days=182))
    keep(case)
    done = interrupted(folder, "placing one course after another", NUMBA_CACHE_DIR=str(folder / "none"))
    assert done.returncode == 0, done.stderr
    solution = Solution.from_json(read_json("solution.json"))
    assert broken_rules(case, solution) == []
    assert any("before this course had its turn" in each.reason for each in solution.unplaced)

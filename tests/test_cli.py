"""The command `planner`, run as people run it: its words, its exit codes, and the files it leaves."""

import json
import os
import re
import resource
import signal
import sqlite3
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import icalendar
import pytest
from click.testing import CliRunner

from planner.cli import COMMANDS, main
from planner.commands.files import BadFile, check_can_write, read_json, write_whole
from planner.commands.plan import HOURS_HELP
from planner.scheduling.judge import broken_rules
from planner.scheduling.problem import Problem, Solution
from planner.services.typical_hours import TypicalHours

ASSESSMENT = {"protocol": "chronic_pain", "symptom_weeks": 40, "severity": "moderate", "goal": "lasting"}
HOURS = [[f"2026-03-{day:02}T09:00", f"2026-03-{day:02}T10:00"] for day in range(2, 28)]
PROBLEM = {
    "format": "course-scheduling-problem/1",
    "timezone": "Europe/London",
    "grid_minutes": 15,
    "first_day": "2026-03-02",
    "days": 28,
    "practitioners": [{"id": "t1", "free": HOURS}],
    "rooms": [{"id": "r1", "free": [["2026-03-02T00:00", "2026-03-29T00:00"]]}],
    "courses": [
        {
            "id": f"c{number}",
            "earliest_day": "2026-03-02",
            "previous_start": None,
            "min_gap_hours": 48,
            "wait_points_per_day": 20,
            "practitioners": {"t1": 0},
            "available": [{"weekday": day, "from": "08:00", "to": "18:00", "points": 0} for day in range(7)],
            "away": [],
            "sessions": [{"minutes": 30, "gap": None}]
            + [{"minutes": 30, "gap": {"target": 3.5, "min": 2, "max": 5}}] * 5,
            "current": [],
        }
        for number in range(3)
    ],
    "weights": {"practitioner_change": 60, "unplaced_session": 5000},
}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A working folder with an instance folder and an assessment in it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PLANNER_INSTANCE", str(tmp_path / "instance"))
    (tmp_path / "a.json").write_text(json.dumps(ASSESSMENT))
    (tmp_path / "problem.json").write_text(json.dumps(PROBLEM))
    return tmp_path


def run(*words, text=None):
    """Run a command in this process."""
    return CliRunner().invoke(main, [str(word) for word in words], input=text)


def names(folder):
    """What lies in a folder, hidden files too."""
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command):
    """In one line at least."""
    result = run(command, "--help")
    assert result.exit_code == 0
    assert len(result.output.splitlines()) > 3


def test_the_example_of_the_hours_file_in_the_help_is_one():
    """Whoever copies it gets what it says."""
    example = HOURS_HELP[HOURS_HELP.index("{") : HOURS_HELP.rindex("}") + 1]
    assert TypicalHours.from_json(json.loads(example)).rooms[0].id == "room-1"
    assert '"rooms": [{"id": "room-1"}]' in run("plan", "--help").output


def test_an_unknown_command_is_said_to_be_one():
    """Exit code 2, as for every wrong use."""
    result = run("nonsense")
    assert result.exit_code == 2
    assert "nonsense" in result.stderr


def test_an_estimate_is_a_table_for_people_and_json_for_programs(folder):
    """With every reason by its id."""
    table = run("estimate", "a.json")
    assert "8 to 10, expected 9" in table.output
    assert "E2 " in table.output
    data = json.loads(run("estimate", "a.json", "--json").output)
    assert data["sessions"] == {"low": 8, "expected": 9, "high": 10}
    assert {reason["evidence"] for reason in data["reasons"]} >= {"E2", "E10", "E63"}


def test_an_assessment_may_come_from_standard_input(folder):
    """For pipes."""
    assert run("estimate", "-", text=json.dumps(ASSESSMENT)).output == run("estimate", "a.json").output


def test_a_plan_is_a_table_a_calendar_file_and_json(folder):
    """The same dates in each."""
    result = run("plan", "a.json", "--from", "2026-03-02", "--ics", "plan.ics", "--json")
    assert result.exit_code == 0, result.output
    dates = json.loads(result.output)["dates"]
    assert len(dates) == 9 + 3
    table = run("plan", "a.json", "--from", "2026-03-02").output
    assert all(each["start"].replace("T", " ") in table for each in dates)
    events = icalendar.Calendar.from_ical((folder / "plan.ics").read_bytes()).walk("VEVENT")
    in_file = [event.decoded("DTSTART").strftime("%Y-%m-%dT%H:%M") for event in events]
    assert in_file == [each["start"] for each in dates]
    assert names(folder) == ["a.json", "plan.ics", "problem.json"]


def test_a_plan_keeps_the_hours_of_a_file(folder):
    """Only Tuesday afternoons."""
    hours = {
        "timezone": "America/New_York",
        "practitioners": [{"id": "b", "hours": [{"weekday": 1, "from": "13:00", "to": "17:00"}]}],
    }
    (folder / "hours.json").write_text(json.dumps(hours))
    data = json.loads(run("plan", "a.json", "--from", "2026-03-02", "--hours", "hours.json", "--json").output)
    assert data["timezone"] == "America/New_York"
    assert {each["start"][11:13] for each in data["dates"]} == {"13"}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ('{"protocol": "chronic_pain",\n "symptom_weeks": }', "line 2, column 19"),
        ("", "line 1, column 1"),
        ('{"symptom_weeks": NaN}', "NaN"),
        ("[" * 100_000, "a.json"),
        ('{"symptom_weeks": ' + "9" * 5000 + "}", "5000 digits"),
        ('{"protocol": "chronic_pain", "protocol": "acute_injury"}', "'protocol' stands twice"),
        ('{"protocol": "\\ud800"}', "half a character"),
        (b"\xff\xfe{}", "UTF-8"),
        ("[]", "a.json"),
        (json.dumps(ASSESSMENT | {"severity": "awful"}), "severity"),
        (json.dumps(ASSESSMENT | {"colour": "red"}), "colour"),
        (json.dumps({"protocol": "chronic_pain"}), "symptom_weeks"),
    ],
)
def test_a_file_that_makes_no_sense_is_named_with_the_place(folder, content, words):
    """Exit code 2, one line, no traceback, nothing written."""
    (folder / "a.json").write_bytes(content if isinstance(content, bytes) else content.encode())
    for command in (["estimate", "a.json"], ["plan", "a.json", "--from", "2026-03-02", "--ics", "out.ics"]):
        result = run(*command)
        assert result.exit_code == 2
        assert words in result.stderr
        assert len(result.stderr.splitlines()) == 1
        assert result.stdout == ""
    assert names(folder) == ["a.json", "problem.json"]


@pytest.mark.parametrize("name", ["missing.json", ".", "missing/a.json"])
def test_a_file_that_can_not_be_read_is_said(folder, name):
    """With the system's reason."""
    for command in (["estimate", name], ["schedule", name, "--out", "s.json"], ["plan", name, "--from", "2026-03-02"]):
        result = run(*command)
        assert result.exit_code == 2
        assert name in result.stderr
        assert "can't be read" in result.stderr
    assert names(folder) == ["a.json", "problem.json"]


@pytest.mark.parametrize("out", ["missing/out", ".", "a.json/out"])
def test_a_place_that_can_not_be_written_is_said_before_the_work(folder, out):
    """Nobody waits an hour for that."""
    for command in (
        ["schedule", "problem.json", "--out", out],
        ["plan", "a.json", "--from", "2026-03-02", "--ics", out],
    ):
        result = run(*command)
        assert result.exit_code == 2
        assert len(result.stderr.splitlines()) == 1
        assert result.stdout == ""


def test_nothing_but_a_file_is_ever_replaced(folder):
    """A device such as /dev/null serves the whole machine, and "-" is no name that anybody looks for."""
    os.mkfifo(folder / "pipe")
    for out in ("pipe", "-", "/dev/null"):
        with pytest.raises(BadFile, match="name a file"):
            check_can_write(Path(out))
        result = run("schedule", "problem.json", "--out", out)
        assert result.exit_code == 2
        assert "name a file" in result.stderr
    assert names(folder) == ["a.json", "pipe", "problem.json"]
    assert not Path("/dev/null").is_file()


@pytest.mark.parametrize("out", ["a.json", "./a.json", "hours.json"])
def test_a_plan_is_never_written_over_what_it_was_made_of(folder, out):
    """A slip of the keyboard must not cost an assessment, nor the clinic's hours."""
    hours = {
        "timezone": "Europe/London",
        "practitioners": [{"id": "b", "hours": [{"weekday": 1, "from": "13:00", "to": "17:00"}]}],
    }
    (folder / "hours.json").write_text(json.dumps(hours))
    before = (folder / out).read_bytes()
    result = run("plan", "a.json", "--from", "2026-03-02", "--hours", "hours.json", "--ics", out)
    assert (result.exit_code, "is the very file" in result.stderr) == (2, True)
    assert (folder / out).read_bytes() == before


def test_a_refusal_names_its_field_once(folder):
    """Not "severity: severity:"."""
    (folder / "a.json").write_text(json.dumps(ASSESSMENT | {"severity": "awful"}))
    assert run("estimate", "a.json").stderr.count("severity") == 1


def test_characters_of_two_halves_are_read(folder):
    """As JSON writes those beyond the first 65,536."""
    (folder / "a.json").write_text('{"name": "\\ud83d\\ude00"}')
    assert read_json("a.json") == {"name": "\U0001f600"}


def test_a_plan_without_any_date_writes_no_file_and_says_why(folder):
    """A closed clinic."""
    hours = {
        "timezone": "Europe/London",
        "practitioners": [{"id": "b", "hours": [{"weekday": 1, "from": "13:00", "to": "17:00"}]}],
        "closures": [{"first_day": "2026-01-01", "last_day": "2029-01-01"}],
    }
    (folder / "hours.json").write_text(json.dumps(hours))
    result = run("plan", "a.json", "--from", "2026-03-02", "--hours", "hours.json", "--ics", "out.ics")
    assert result.exit_code == 1
    assert "no date to write" in result.stderr
    assert "b has no 60 free minutes in a row" in result.stderr
    assert not (folder / "out.ics").exists()


def test_words_that_can_not_be_written_end_in_one_line(folder):
    """Standard output on a disk that is full."""
    command = [sys.executable, "-c", "from planner.cli import main; main()", "estimate", "a.json"]
    with Path("/dev/full").open("wb", buffering=0) as full:
        result = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert result.returncode == 1
    assert result.stderr.splitlines() == ["planner: The system refused: [Errno 28] No space left on device."]


@pytest.mark.parametrize("day", ["2026-02-30", "tomorrow", "02.03.2026"])
def test_a_day_that_does_not_exist_is_refused(folder, day):
    """With an example."""
    result = run("plan", "a.json", "--from", day)
    assert result.exit_code == 2
    assert "2026-03-02" in result.stderr


def test_a_problem_is_solved_into_a_file(folder):
    """Valid by the judge; the progress is on standard error, the result in words on standard output."""
    result = run("schedule", "problem.json", "--out", "solution.json", "--seconds", "1", "--seed", "3")
    assert result.exit_code == 0, result.output
    solution = Solution.from_json(read_json(str(folder / "solution.json")))
    assert broken_rules(Problem.from_json(PROBLEM), solution) == []
    assert f"{solution.points} points" in result.stdout
    assert re.search(r"\d+ points, at least +\d+, gap +\d+\.\d\d%", result.stderr)
    assert names(folder) == ["a.json", "problem.json", "solution.json"]


def test_where_courses_stand_already_what_becomes_of_it_is_told(folder):
    """Everybody stands as solved; then the therapist is away for the first week."""
    assert run("schedule", "problem.json", "--out", "solution.json").exit_code == 0
    standing = json.loads(json.dumps(PROBLEM))
    for course in standing["courses"]:
        course["current"] = [
            {key: each[key] for key in ("session", "practitioner", "room", "start")}
            | {"locked": False, "move_points": 80}
            for each in read_json(str(folder / "solution.json"))["appointments"]
            if each["course"] == course["id"]
        ]
    (folder / "problem.json").write_text(json.dumps(standing))
    stood = sum(len(course["current"]) for course in standing["courses"])
    assert f"{stood} kept, 0 moved, 0 added, 0 dropped." in run("schedule", "problem.json", "--out", "same.json").stdout
    standing["practitioners"][0]["free"] = HOURS[6:]
    (folder / "problem.json").write_text(json.dumps(standing))
    told = run("schedule", "problem.json", "--out", "repaired.json").stdout
    assert " moved, " in told
    assert " 0 moved" not in told
    assert "dropped" in told


def test_what_has_no_place_is_told_with_the_reason(folder):
    """Course by course, and in the file session by session."""
    nowhere = json.loads(json.dumps(PROBLEM))
    nowhere["rooms"] = []
    (folder / "problem.json").write_text(json.dumps(nowhere))
    result = run("schedule", "problem.json", "--out", "solution.json")
    assert result.exit_code == 0, result.output
    told = [line for line in result.stdout.splitlines() if "It would fit if there were a free room" in line]
    assert len(told) == min(20, len(PROBLEM["courses"]))
    assert ", session 1 and " in told[0]


def test_a_problem_that_breaks_the_format_is_named_with_the_place(folder):
    """As far down as the mistake is."""
    bad = json.loads(json.dumps(PROBLEM))
    bad["courses"][1]["sessions"][2]["gap"]["min"] = 9
    (folder / "problem.json").write_text(json.dumps(bad))
    result = run("schedule", "problem.json", "--out", "solution.json")
    assert result.exit_code == 2
    assert "courses[1].sessions[2].gap.min" in result.stderr
    assert names(folder) == ["a.json", "problem.json"]


def test_the_same_seed_and_iterations_give_the_same_file(folder):
    """To the letter, which no budget of seconds can promise."""
    for out in ("first.json", "second.json"):
        result = run("schedule", "problem.json", "--out", out, "--iterations", "40", "--seed", "3")
        assert result.exit_code == 0, result.output
    assert (folder / "first.json").read_bytes() == (folder / "second.json").read_bytes()
    assert run("schedule", "problem.json", "--out", "third.json", "--iterations", "0").exit_code == 2


@pytest.mark.sweep
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_search_keeps_the_best_answer_so_far(folder, number):
    """Ctrl-C is a way to say: good enough; so is what `timeout` sends."""
    command = [sys.executable, "-c", "from planner.cli import main; main()"]
    words = ["schedule", "problem.json", "--out", "solution.json", "--seconds", "300"]
    with subprocess.Popen([*command, *words], stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert "points" in process.stderr.readline()
        process.send_signal(number)
        output, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "sessions placed" in output
    solution = Solution.from_json(read_json(str(folder / "solution.json")))
    assert broken_rules(Problem.from_json(PROBLEM), solution) == []


@contextmanager
def no_room_for_files():
    """The system refuses every file of more than four bytes, as a full disk would."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    # Python 3.11 keeps a compiled file that was cut short, and every later import of it fails: it must write none.
    before, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    resource.setrlimit(resource.RLIMIT_FSIZE, (4, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        sys.dont_write_bytecode = before


def test_a_file_there_is_no_room_for_leaves_the_old_one_as_it_was(tmp_path):
    """The new one is written beside it and takes its place only when it is whole."""
    target = tmp_path / "solution.json"
    target.write_text("the old one")
    with no_room_for_files(), pytest.raises(BadFile, match="can't be written: File too large"):
        write_whole(target, b"the new one")
    assert target.read_text() == "the old one"
    assert names(tmp_path) == ["solution.json"]


def test_a_written_file_can_be_read_by_others_as_usual(tmp_path):
    """Temporary files are private; this one is no secret."""
    before = os.umask(0o022)
    write_whole(tmp_path / "out", b"content")
    os.umask(before)
    assert (tmp_path / "out").stat().st_mode & 0o777 == 0o644
    check_can_write(tmp_path / "out")


def test_the_database_is_made_and_checked(folder):
    """Twice: the second time changes nothing."""
    for _ in range(2):
        result = run("db", "upgrade")
        assert result.exit_code == 0, result.output
    result = run("db", "check")
    assert result.exit_code == 0, result.output
    assert "whole" in result.stdout


@pytest.mark.parametrize("command", [["db", "check"], ["sweep", "tidy"], ["serve"], ["worker"]])
def test_without_a_database_every_command_says_what_to_do(folder, command):
    """Exit code 1 and one line."""
    result = run(*command)
    assert result.exit_code == 1
    assert "planner db upgrade" in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_a_database_without_its_guard_is_not_served(folder):
    """A double booking is worse than no service."""
    run("db", "upgrade")
    with sqlite3.connect(folder / "instance" / "planner.sqlite") as connection:
        connection.execute("DROP TRIGGER appointment_one_room_insert")
    connection.close()
    for command in (["db", "check"], ["serve", "--port", "1"], ["sweep", "tidy"]):
        result = run(*command)
        assert result.exit_code == 1
        assert "two appointments of one room" in result.stderr


def test_a_file_that_is_no_database_is_said_to_be_none(folder):
    """Whatever is in it stays."""
    (folder / "instance").mkdir()
    (folder / "instance" / "planner.sqlite").write_bytes(b"Dear Sir or Madam, " * 100)
    for command in (["db", "check"], ["db", "upgrade"]):
        result = run(*command)
        assert result.exit_code == 1
        assert "no planner database" in result.stderr
    assert (folder / "instance" / "planner.sqlite").read_bytes().startswith(b"Dear Sir")


def test_a_dangling_reference_is_found(folder):
    """db check looks at every foreign key."""
    run("db", "upgrade")
    with sqlite3.connect(folder / "instance" / "planner.sqlite") as connection:
        connection.execute("INSERT INTO room (clinic_id, id, name, active) VALUES (7, 1, 'x', 1)")
    connection.close()
    result = run("db", "check")
    assert result.exit_code == 1
    assert "a row of room" in result.stderr


def test_a_setting_that_makes_no_sense_is_named(folder):
    """Before anything is opened."""
    (folder / "instance").mkdir()
    (folder / "instance" / "settings.toml").write_text("port = 0\n")
    result = run("db", "upgrade")
    assert result.exit_code == 1
    assert "port" in result.stderr


def test_a_sweep_is_run_by_name(folder):
    """And says what it did."""
    run("db", "upgrade")
    assert run("sweep", "tidy").stdout == "tidy: 0 done, 0 failed\n"
    result = run("sweep", "nonsense")
    assert result.exit_code == 1
    assert "tidy" in result.stderr

"""The problem and solution files: what is read is written again, and nonsense is refused by its place in the file."""

import json
from copy import deepcopy
from datetime import date

import pytest

from benchmarks.make_clinic import Wish, make_problem
from planner.errors import InvalidInput
from planner.scheduling.many_courses import solve
from planner.scheduling.problem import Course, Gap, Placed, Problem, Resource, Session, Solution, Unplaced, Window
from tests.scheduling.problems import MONDAY, at, course, problem

FILE = {
    "format": "course-scheduling-problem/1",
    "timezone": "Europe/London",
    "grid_minutes": 15,
    "first_day": "2026-03-02",
    "days": 182,
    "practitioners": [{"id": "t1", "free": [["2026-03-02T09:00", "2026-03-02T12:30"]]}],
    "rooms": [{"id": "r1", "free": [["2026-03-02T08:00", "2026-03-02T20:00"]]}],
    "courses": [
        {
            "id": "c1",
            "earliest_day": "2026-03-04",
            "previous_start": None,
            "min_gap_hours": 48,
            "wait_points_per_day": 20,
            "practitioners": {"t1": 0},
            "available": [{"weekday": 0, "from": "08:00", "to": "24:00", "points": 0}],
            "away": [["2026-04-06", "2026-04-13"]],
            "sessions": [
                {"minutes": 60, "gap": None},
                {"minutes": 30, "gap": {"target": 3.5, "min": 2, "max": 5}},
            ],
            "current": [
                {
                    "session": 1, "practitioner": "t1", "room": "r1", "start": "2026-03-09T10:00",
                    "locked": False, "move_points": 80,
                }
            ],
        }
    ],
    "weights": {"practitioner_change": 60, "unplaced_session": 5000},
}  # fmt: skip


def test_a_file_is_written_as_it_was_read():
    """Nothing is lost between reading and writing."""
    assert Problem.from_json(FILE).to_json() == FILE


@pytest.mark.parametrize("repair", [False, True])
def test_generated_problems_and_their_answers_survive_a_file(repair):
    """Through real JSON text."""
    made = make_problem(Wish(courses=2, seed=5, repair=repair, days=60))
    assert Problem.from_json(json.loads(json.dumps(made.to_json()))) == made
    found = solve(made)
    assert Solution.from_json(json.loads(json.dumps(found.to_json()))) == found


def test_optional_parts_may_be_missing():
    """A course without away, current or previous_start has none."""
    file = deepcopy(FILE)
    for key in ("away", "current", "previous_start"):
        del file["courses"][0][key]
    read = Problem.from_json(file).courses[0]
    assert (read.away, read.current, read.previous_start) == ((), (), None)


def test_a_resource_may_have_a_name_for_people():
    """The id stands where there is none."""
    file = deepcopy(FILE)
    file["practitioners"][0]["name"] = "Ben"
    read = Problem.from_json(file)
    assert (read.practitioners[0].name, read.rooms[0].name) == ("Ben", "r1")
    assert read.to_json() == file


def test_what_keeps_somebody_from_being_free_may_be_told():
    """Leave, closed days and rests, and which days away are rests only; all of it survives a file."""
    file = deepcopy(FILE)
    hours = [["2026-03-02T09:00", "2026-03-02T12:30"]]
    file["practitioners"][0]["withheld"] = {"worked": hours, "leave": [], "closed": hours, "rest": hours}
    file["courses"][0]["resting"] = file["courses"][0]["away"]
    read = Problem.from_json(file)
    known = read.practitioners[0].withheld
    assert (known.leave, known.closed, known.rest) == ((), known.worked, known.worked)
    assert read.courses[0].days_off == ()
    assert read.to_json() == file
    file["practitioners"][0]["withheld"]["leave"] = [hours[0][::-1]]
    with pytest.raises(InvalidInput, match="not after the start") as refused:
        Problem.from_json(file)
    assert refused.value.field == "practitioners[0].withheld.leave[0][1]"


def test_a_first_session_without_gap_may_follow_a_previous_one():
    """Then only the hours between bind it."""
    file = deepcopy(FILE)
    file["courses"][0]["previous_start"] = "2026-03-01T10:07"
    assert Problem.from_json(file).courses[0].previous_start == at(-1, "10:07")


REFUSED = {
    "format": "course-scheduling-problem/2",
    "timezone": "Europe/Londinium",
    "grid_minutes": 7,
    "days": 0,
    "first_day": "2026-02-30",
    "extra": 1,
    "weights.practitioner_change": -1,
    "weights.unplaced_session": 10**12,
    "practitioners": {},
    "practitioners[0].id": "",
    "practitioners[0].free[0]": ["2026-03-02T09:00"],
    "practitioners[0].free[0][0]": "2026-03-02 09:00",
    "practitioners[0].free[0][1]": "2026-03-02T09:00",
    "rooms[0].free[0][0]": "2026-03-02T08:05",
    "courses[0].id": 3,
    "courses[0].previous_start": "2026-03-29T01:30",
    "courses[0].min_gap_hours": float("nan"),
    "courses[0].wait_points_per_day": 1.5,
    "courses[0].practitioners.t1": True,
    "courses[0].available[0].weekday": 7,
    "courses[0].available[0].from": "8:00",
    "courses[0].available[0].to": "24:15",
    "courses[0].available[0].points": None,
    "courses[0].away[0][1]": "2026-04-05",
    "courses[0].sessions": [],
    "courses[0].sessions[0].minutes": 0,
    "courses[0].sessions[0].gap": {"target": 3, "min": 2, "max": 5},
    "courses[0].sessions[1].gap": None,
    "courses[0].sessions[1].gap.target": float("inf"),
    "courses[0].sessions[1].gap.min": 4,
    "courses[0].earliest_day": ["2026-03-04"] * 1000,
    "rooms[0].id": {"a": 1},
    "courses[0].available": "always",
    "courses[0].practitioners": ["t1"],
    "courses[0].sessions[1].gap.max": 3,
    "courses[0].current[0].session": 2,
    "courses[0].current[0].practitioner": "t9",
    "courses[0].current[0].room": "r9",
    "courses[0].current[0].start": "2026-03-09T10:05",
    "courses[0].current[0].locked": 0,
    "courses[0].current[0].move_points": "80",
}


def put(file: dict, path: str, value: object) -> None:
    """Set the value at a path such as courses[0].id."""
    steps = path.replace("[", ".[").split(".")
    for step in steps[:-1]:
        file = file[int(step[1:-1])] if step.startswith("[") else file[step]
    last = steps[-1]
    file[int(last[1:-1]) if last.startswith("[") else last] = value


@pytest.mark.parametrize("path", REFUSED)
def test_nonsense_is_refused_by_its_place(path):
    """The field is the path in the file, and the message a sentence."""
    file = deepcopy(FILE)
    put(file, path, REFUSED[path])
    with pytest.raises(InvalidInput) as refusal:
        Problem.from_json(file)
    assert refusal.value.field == path
    assert refusal.value.message.endswith(".")


@pytest.mark.parametrize("value", [10**400, -(10**400), 1e308, float("-inf"), float("nan"), True, "7", None, [7]])
@pytest.mark.parametrize(
    "path", ["courses[0].sessions[1].gap.target", "courses[0].min_gap_hours", "courses[0].sessions[0].minutes"]
)
def test_absurd_numbers_are_refused_shortly(path, value):
    """Too great for any float, not a number, or no number at all: one short sentence."""
    file = deepcopy(FILE)
    put(file, path, value)
    with pytest.raises(InvalidInput) as refusal:
        Problem.from_json(file)
    assert refusal.value.field == path
    assert len(refusal.value.message) < 150


@pytest.mark.parametrize("key", ["timezone", "courses", "weights"])
def test_a_missing_key_is_named(key):
    """And so is a missing one further in."""
    file = deepcopy(FILE)
    del file[key]
    with pytest.raises(InvalidInput, match=f"'{key}' is missing"):
        Problem.from_json(file)


@pytest.mark.parametrize("key", ["practitioners", "rooms", "courses"])
def test_ids_stand_once(key):
    """The second one is refused."""
    file = deepcopy(FILE)
    file[key].append(deepcopy(file[key][0]))
    with pytest.raises(InvalidInput, match="stands twice") as refusal:
        Problem.from_json(file)
    assert refusal.value.field == f"{key}[1].id"


def test_a_session_has_one_current_appointment():
    """Two would contradict each other."""
    file = deepcopy(FILE)
    file["courses"][0]["current"] *= 2
    with pytest.raises(InvalidInput, match="two current appointments"):
        Problem.from_json(file)


@pytest.mark.parametrize("value", [None, [], "problem", 3])
def test_what_is_no_object_is_refused(value):
    """A file may hold anything."""
    with pytest.raises(InvalidInput):
        Problem.from_json(value)


def test_values_made_by_hand_check_themselves():
    """Not only files are checked."""
    with pytest.raises(InvalidInput):
        Gap(3, 4, 5)
    with pytest.raises(InvalidInput):
        Window(0, 600, 600, 0)
    with pytest.raises(InvalidInput):
        Session(30, Gap(3, 2, 5)) and course(sessions=(Session(30, Gap(3, 2, 5)),))
    with pytest.raises(InvalidInput):
        Resource("ben", ((at(0, "10:00"), at(0, "09:00")),))
    with pytest.raises(InvalidInput):
        course(earliest_day=date(1, 1, 1))


def test_a_course_keeps_its_own_practitioners():
    """A later change of the caller's dict does not reach it."""
    mine = {"ben": 0}
    made = course(practitioners=mine)
    mine["eve"] = 1
    assert made.practitioners == {"ben": 0}


def test_an_unknown_course_is_refused():
    """By its name."""
    with pytest.raises(InvalidInput, match="no course 'zoe'"):
        problem().course("zoe")
    assert isinstance(problem().course("ana"), Course)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"format": "course-scheduling-solution/9"}, "format"),
        ({"points": -1}, "points"),
        ({"lower_bound": 41}, "lower_bound"),
        ({"unplaced": [{"course": "ana", "session": 1, "reason": " "}]}, "unplaced[0].reason"),
        ({"appointments": [{"course": "ana"}]}, "appointments[0].session"),
    ],
)
def test_a_wrong_answer_file_is_refused_by_its_place(change, field):
    """An answer is read as strictly as a problem."""
    placed = Placed("ana", 0, "ben", "room", at(0, "09:00"))
    file = Solution((placed,), (Unplaced("ana", 1, "No start is left."),), 40, 40).to_json()
    with pytest.raises(InvalidInput) as refusal:
        Solution.from_json({**file, **change})
    assert refusal.value.field == field


def test_the_horizon_ends_on_its_last_day():
    """28 days from Monday 2 March end on Sunday 29 March."""
    assert problem().last_day == date(2026, 3, 29)
    assert problem().first_day == MONDAY

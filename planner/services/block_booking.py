"""Block booking: several patients' first courses planned together by one job, then booked in one transaction."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import select

from planner.care.course import PlannedSession, phases_to_json
from planner.diary.free import to_wall
from planner.errors import InvalidInput, NotFound
from planner.scheduling.problem import Placed, Problem
from planner.scheduling.taken import lessened, misfits
from planner.scheduling.together import Budget, solve_together
from planner.services.assessments import assessment_from
from planner.services.attendance import note_unplaced
from planner.services.block_view import BlockCourse, BlockLine, BookedBlock, lines_of
from planner.services.booking import BookingRequest, course_for, first_state, new_course, planned_sessions, span_of
from planner.services.diary_writer import CourseChange, write_changes
from planner.services.job_rows import Job, begun_before, keep_outcome, ready, use
from planner.services.outcomes import JobOutcome, Seen, other_dates
from planner.services.pause import GOING_ON
from planner.services.planning import MIN_GAP_HOURS, free_problem, instant, therapists, visits_of
from planner.services.runtime import Actor, Runtime, Unit
from planner.services.snapshot import CourseSnapshot, Days, days_from_json, days_to_json
from planner.services.solve_jobs import Watch, start
from planner.services.waiting import known_of, request_of
from planner.services.wishes import MOST_AWAY, Wishes
from planner.storage.courses import AssessmentRow, CourseRow
from planner.storage.ids import new_id
from planner.words import say

BLOCK_JOB: Final = "block"
MOST_COURSES: Final = 500
THINK_SECONDS: Final = 30.0
SETTLE_SECONDS: Final = 3.0
"""So long is thought about what was taken meanwhile, before the diary is locked."""

_REST: Final = timedelta(hours=MIN_GAP_HOURS)


@dataclass(frozen=True)
class _Scene:
    """The diary's part in a block."""

    problem: Problem
    assessments: Mapping[int, AssessmentRow]
    requests: Mapping[str, BookingRequest]
    planned: Mapping[str, Sequence[PlannedSession]]
    visits: Mapping[str, Sequence[datetime]]

    @property
    def patients(self) -> dict[str, str]:
        """Whose each course is."""
        return {name: str(request.patient_id) for name, request in self.requests.items()}


def plan_block(
    runtime: Runtime,
    actor: Actor,
    assessment_ids: Sequence[int],
    first_day: date,
    *,
    job_id: int,
    wishes: Mapping[int, Wishes] | None = None,
    notes: Mapping[int, str] | None = None,
    seconds: float = THINK_SECONDS,
    iterations: int | None = None,
) -> None:
    """Let dates for several courses be found outside the request, improved for at most so many seconds.

    Args:
        wishes: by assessment; where none are given, those that are known of the patient. Of known days away those hold
            besides that no form shows, because there are more than it has room for.
        notes: by assessment, what the patient wishes in words.
        iterations: improve by so many steps instead, however long they take: the same diary then gives the same dates.
    Raises:
        InvalidInput: nobody is chosen, somebody is booked already, or the day makes no sense.
        StaleForm: the form with this `job_id` was sent before, with something else in it.
    """

    def asks(kept: Mapping[str, Any]) -> bool:
        return _asks_for(kept, assessment_ids, first_day, wishes or {}, notes or {})

    with runtime.reading(actor) as unit:
        if begun_before(unit, job_id, BLOCK_JOB, asks):
            return
        request = _request(unit, assessment_ids, first_day, wishes or {}, notes or {})
        _scene(unit, request)
    budget = {"seconds": seconds} if iterations is None else {"iterations": iterations}
    start(runtime, actor, BLOCK_JOB, {**request, **budget}, think, job_id=job_id)


def think(runtime: Runtime, actor: Actor, request: dict[str, Any], watch: Watch) -> dict[str, Any]:
    """The work of a block's job: look at the diary, then think with nothing locked."""
    with runtime.reading(actor) as unit:
        scene = _scene(unit, request)
    budget = Budget(request.get("seconds"), request.get("iterations"), progress=watch.progress, stop=watch.stopped)
    answer = solve_together(scene.problem, scene.patients, budget, visits=scene.visits)
    courses = _courses(scene, answer.placed, answer.unplaced)
    return {
        "courses": [course.to_json() for course in courses],
        "points": answer.points,
        "lower_bound": answer.lower_bound,
    }


def planned_block(runtime: Runtime, actor: Actor, job: Job) -> tuple[BlockLine, ...]:
    """The dates that a finished job found."""
    with runtime.reading(actor) as unit:
        return lines_of(unit, [BlockCourse.from_json(each) for each in job.answer["courses"]])


def book_block(runtime: Runtime, actor: Actor, job_id: int) -> BookedBlock:
    """Book all courses of a finished job in one transaction, or nothing.

    What was taken meanwhile is planned anew, beside all that still fits; `changed` says for whom. That happens before
    the diary is locked; inside, only what was taken in the last moment is.

    Raises:
        StaleForm: it was booked before.
        InvalidInput: the plan is not ready, or its days have passed.
    """
    with runtime.reading(actor) as unit:
        job = ready(unit, job_id, BLOCK_JOB)
        shown = [BlockCourse.from_json(each) for each in job.answer["courses"]]
        fresh, scene, _ = _as_of_now(unit, job, shown)
    fresh = _settled(scene, fresh, Budget(seconds=SETTLE_SECONDS))
    with runtime.writing(actor) as unit:
        job = use(unit, job_id, BLOCK_JOB)
        fresh, scene, taken_care_of = _as_of_now(unit, job, fresh)
        courses = _settled(scene, fresh, Budget(iterations=0))
        changes = [_change(unit, scene, course) for course in courses]
        revisions = write_changes(unit, changes, batch=new_id())
        for change, course in zip(changes, courses, strict=True):
            if course.unplaced:
                note_unplaced(unit, change.course, change.target)
        names = {line.course.course_id: line.patient for line in lines_of(unit, shown)}
        before = {course.course_id: _seen(unit, course) for course in shown}
        others = (
            other_dates(each.course_id, names[each.course_id], before[each.course_id], _seen(unit, each))
            for each in courses
        )
        block = BookedBlock(
            lines=lines_of(unit, courses),
            others=tuple(each for each in others if each.dates),
            skipped=tuple(names[course.course_id] for course in shown if course.assessment_id in taken_care_of),
            revision_id=revisions[0].id if revisions else None,
        )
        kept = JobOutcome(block.others, block.skipped, block.revision_id)
        booked = [line.course.to_json() for line in block.lines]
        keep_outcome(unit, job_id, {**job.answer, "courses": booked, "outcome": kept.to_json()})
        return block


def _request(
    unit: Unit,
    assessment_ids: Sequence[int],
    first_day: date,
    wishes: Mapping[int, Wishes],
    notes: Mapping[int, str],
) -> dict[str, Any]:
    """A block as a job keeps it; the courses' ids are chosen now, so that booking twice books once."""
    chosen = sorted(set(assessment_ids))
    if first_day < unit.today:
        raise InvalidInput(say("The first day lies in the past."), field="earliest_day")
    if not chosen:
        raise InvalidInput(say("Choose at least one patient."), field="assessments")
    rows = _assessments(unit, chosen)
    if len(chosen) > MOST_COURSES:
        raise InvalidInput(
            say("At most %(most_courses)s courses are booked together.", most_courses=MOST_COURSES), field="assessments"
        )
    if _booked_assessments(unit, chosen):
        raise InvalidInput(say("Somebody chosen has been booked meanwhile. Choose again."), field="assessments")
    everybody = _everybody(unit)
    known = known_of(unit, {row.patient_id for row in rows.values()})
    courses = []
    for assessment_id in chosen:
        row = rows[assessment_id]
        mine = known[row.patient_id]
        given = wishes.get(assessment_id) or mine.wishes_now(everybody, row.recorded_by)
        unseen = mine.away[MOST_AWAY:]
        asked = _with(given, unseen)
        courses.append(
            {
                "course_id": new_id(),
                "assessment_id": assessment_id,
                "wishes": asked.to_json(),
                "unseen": days_to_json(unseen),
                "note": notes.get(assessment_id, ""),
            }
        )
    return {"courses": courses, "first_day": first_day.isoformat()}


def _asks_for(
    request: Mapping[str, Any],
    assessment_ids: Sequence[int],
    first_day: date,
    wishes: Mapping[int, Wishes],
    notes: Mapping[int, str],
) -> bool:
    """Whether a job was begun by a form with these entries."""
    kept = {item["assessment_id"]: Wishes.from_json(item["wishes"]) for item in request["courses"]}
    unseen = {item["assessment_id"]: days_from_json(item.get("unseen", ())) for item in request["courses"]}
    said = {item["assessment_id"]: item.get("note", "") for item in request["courses"]}
    return (
        request["first_day"] == first_day.isoformat()
        and set(kept) == set(assessment_ids)
        and all(_with(wishes[each], unseen[each]) == kept[each] for each in kept if each in wishes)
        and all(notes.get(each, "") == said[each] for each in kept)
    )


def _with(given: Wishes, away: Iterable[Days]) -> Wishes:
    """The wishes with these days away besides."""
    return replace(given, away=tuple(sorted({*given.away, *away})))


def _everybody(unit: Unit) -> list[int]:
    """The ids of all who treat here. Raises InvalidInput where nobody does."""
    found = [row.id for row in therapists(unit)]
    if not found:
        raise InvalidInput(say("Nobody treats here yet."), field="first_day")
    return found


def _booked_assessments(unit: Unit, assessment_ids: Collection[int]) -> set[int]:
    return set(
        unit.session.scalars(
            select(CourseRow.assessment_id).where(
                CourseRow.assessment_id.in_(assessment_ids), CourseRow.status != "cancelled"
            )
        )
    )


def _in_a_course_since(unit: Unit, assessment_ids: Collection[int], since: datetime) -> set[int]:
    """The assessments of patients who were booked by another one meanwhile."""
    begun = select(CourseRow.patient_id).where(CourseRow.status.in_(GOING_ON), CourseRow.started_at > since)
    row = AssessmentRow
    return set(unit.session.scalars(select(row.id).where(row.id.in_(assessment_ids), row.patient_id.in_(begun))))


def _scene(unit: Unit, request: Mapping[str, Any], but_for: Collection[int] = ()) -> _Scene:
    """The problem that a block is.

    Raises:
        InvalidInput: naming the field.
        NotFound: an assessment is not of this clinic.
    """
    everybody = _everybody(unit)
    # Planned again, or booked, on a later day it begins with that day.
    first_day = max(date.fromisoformat(request["first_day"]), unit.today)
    wanted = [item for item in request["courses"] if item["assessment_id"] not in but_for]
    found = _assessments(unit, [item["assessment_id"] for item in wanted])
    requests = {
        str(item["course_id"]): request_of(
            item["course_id"],
            assessment_from(found[item["assessment_id"]]),
            Wishes.from_json(item["wishes"]),
            first_day,
            item.get("note", ""),
        )
        for item in wanted
    }
    planned = {name: planned_sessions(unit, each) for name, each in requests.items()}
    spans = [span_of(unit, each, planned[name]) for name, each in requests.items()]
    if not spans:
        raise InvalidInput(say("All of these patients have been booked meanwhile."), field="assessments")
    problem = free_problem(unit, max(spans, key=lambda span: span.days), everybody)
    courses = tuple(course_for(unit, each, planned[name], problem) for name, each in requests.items())
    return _Scene(replace(problem, courses=courses), found, requests, planned, _visits(unit, requests))


def _assessments(unit: Unit, assessment_ids: Collection[int]) -> dict[int, AssessmentRow]:
    """These assessments by id (one query). Raises NotFound."""
    rows = unit.session.scalars(select(AssessmentRow).where(AssessmentRow.id.in_(assessment_ids)))
    found = {row.id: row for row in rows}
    if len(found) < len(assessment_ids):
        raise NotFound(say("There is no such assessment here."))
    return found


def _visits(unit: Unit, requests: Mapping[str, BookingRequest]) -> dict[str, list[datetime]]:
    """When the patient of each course comes for others already, in wall-clock time (one query)."""
    starts: dict[int, list[datetime]] = {}
    for visit in visits_of(unit, {each.patient_id for each in requests.values()}):
        starts.setdefault(visit.patient_id, []).append(to_wall(visit.starts_at, unit.zone))
    return {name: starts.get(each.patient_id, []) for name, each in requests.items()}


def _courses(
    scene: _Scene, placed: Mapping[str, Mapping[int, Placed]], unplaced: Mapping[str, Mapping[int, str]]
) -> list[BlockCourse]:
    return [
        BlockCourse(request.course_id, request.patient_id, request.assessment_id, placed[name], unplaced[name])
        for name, request in scene.requests.items()
        if name in placed
    ]


def _as_of_now(unit: Unit, job: Job, shown: Sequence[BlockCourse]) -> tuple[list[BlockCourse], _Scene, set[int]]:
    """What is still to be booked of a block, the diary as it is now, and the assessments that have a course by now."""
    asked = [item["assessment_id"] for item in job.request["courses"]]
    taken_care_of = _booked_assessments(unit, asked) | _in_a_course_since(unit, asked, job.asked_at)
    scene = _scene(unit, job.request, but_for=taken_care_of)
    return [course for course in shown if course.assessment_id not in taken_care_of], scene, taken_care_of


def _seen(unit: Unit, course: BlockCourse) -> dict[int, Seen]:
    """What a person sees of a course's dates, by session from 1; another room is no change."""
    return {
        number + 1: (instant(placed.start, unit.zone), int(placed.practitioner))
        for number, placed in course.placed.items()
    }


def _settled(scene: _Scene, shown: Sequence[BlockCourse], budget: Budget) -> list[BlockCourse]:
    """The courses that still fit as shown, and then the others planned anew beside them."""
    places = {str(course.course_id): _timed(scene, course) for course in shown}
    wrong = misfits(scene.problem, places) | {str(course.course_id) for course in shown if _amiss(scene, course)}
    good = [course for course in shown if str(course.course_id) not in wrong]
    if not wrong:
        return good
    taken = [place for course in good for place in places[str(course.course_id)]]
    rest = tuple(course for course in scene.problem.courses if course.id in wrong)
    beside = replace(lessened(scene.problem, taken), courses=rest)
    visits = {name: list(starts) for name, starts in scene.visits.items()}
    for course in good:
        for name in scene.visits:
            if scene.requests[name].patient_id == course.patient_id:
                visits[name] += (placed.start for placed in course.placed.values())
    answer = solve_together(beside, scene.patients, budget, visits=visits)
    return [*good, *_courses(scene, answer.placed, answer.unplaced)]


def _timed(scene: _Scene, course: BlockCourse) -> list[tuple[Placed, int]]:
    sessions = next(each for each in scene.problem.courses if each.id == str(course.course_id)).sessions
    return [(placed, sessions[number].minutes) for number, placed in course.placed.items()]


def _amiss(scene: _Scene, course: BlockCourse) -> bool:
    """Whether the patient got another visit near one of the dates, or one lies before the first day by now."""
    asked = next(each for each in scene.problem.courses if each.id == str(course.course_id))
    zone = ZoneInfo(scene.problem.timezone)
    visits = [instant(start, zone) for start in scene.visits[asked.id]]
    for placed in course.placed.values():
        day, starts_at = placed.start.date(), instant(placed.start, zone)
        if day < asked.earliest_day or any(first <= day < back for first, back in asked.away):
            return True
        if any(abs(starts_at - other) < _REST for other in visits):
            return True
    return False


def _change(unit: Unit, scene: _Scene, course: BlockCourse) -> CourseChange:
    request, planned = scene.requests[str(course.course_id)], scene.planned[str(course.course_id)]
    row = new_course(unit, request, scene.assessments[request.assessment_id])
    sessions = tuple(
        first_state(unit, each, course.placed.get(each.position), course.unplaced.get(each.position, ""))
        for each in planned
    )
    phases = tuple(phases_to_json(request.phases))
    target = CourseSnapshot("active", "apply", phases, sessions)
    return CourseChange(
        row,
        target,
        "booked",
        say("%(booked)s of %(sessions)s sessions booked", booked=len(course.placed), sessions=len(sessions)),
    )

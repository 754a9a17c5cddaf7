"""Whatever happens to a course, in whatever order: nothing is lost, nothing overlaps, no calendar goes backwards."""

import tempfile
from collections import defaultdict
from datetime import date, timedelta
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sqlalchemy import select

from planner.care.assessment import Assessment
from planner.diary.free import to_wall
from planner.diary.hours import Leave
from planner.errors import PlannerError
from planner.services import (
    assessments,
    attendance,
    backfill,
    booking,
    clinic_setup,
    freed_slots,
    frequency,
    leave,
    maintenance,
    moving,
    undoing,
)
from planner.services.booking import BookingRequest
from planner.services.new_hours import NewWeek, record_hours
from planner.services.pause import DaysAway, pause, preview_pause
from planner.services.runtime import Actor, Runtime
from planner.services.snapshot import take
from planner.services.wishes import Wishes
from planner.storage import schema
from planner.storage.courses import OCCUPYING_STATUSES, AppointmentRow, CourseRow, RevisionRow, SessionRow
from planner.storage.database import Database
from planner.storage.ids import new_id
from tests.factories import FakeClock, FakeMailer, make_clinic, make_patient, weekly

FINDINGS = [
    {"protocol": "acute_injury", "symptom_weeks": 1, "severity": "moderate", "goal": "relief"},
    {"protocol": "chronic_pain", "symptom_weeks": 40, "severity": "moderate", "goal": "lasting"},
    {"protocol": "sports_rehabilitation", "symptom_weeks": 4, "severity": "moderate", "goal": "lasting"},
]


@cache
def _tables() -> bytes:
    """A database file with all tables and no rows, made once."""
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{folder}/empty.sqlite")
        schema.upgrade(database)
        database.close()
        return (Path(folder) / "empty.sqlite").read_bytes()


class CourseLife(RuleBasedStateMachine):
    """Two patients of one clinic; the clock only goes forward."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.clock = FakeClock()
        file = Path(self.folder.name) / "planner.sqlite"
        file.write_bytes(_tables())
        database = Database(f"sqlite:///{file}", wait_seconds=5)
        self.runtime = Runtime(database=database, clock=self.clock, mailer=FakeMailer(), secret_key="s" * 32)
        self.clinic = make_clinic(self.runtime)
        with self.runtime.writing(self.clinic.system) as unit:
            self.patients = [self.clinic.ana, make_patient(unit, "Bo Berg", "bo@example.org")]
        self.courses: list[int] = []
        self.identity: dict[int, tuple[str, int]] = {}
        self.last_revision = 0

    def teardown(self) -> None:
        self.runtime.database.close()
        self.folder.cleanup()

    @property
    def rosa(self) -> Actor:
        return self.clinic.rosa.actor

    @initialize(findings=st.sampled_from(FINDINGS), policy=st.sampled_from(["never", "unconfirmed", "any"]))
    def book_the_first(self, findings, policy):
        with self.runtime.writing(self.clinic.mo.actor) as unit:
            clinic_setup.set_displacing(unit, policy)
        self._book(self.patients[0], findings)

    @precondition(lambda self: len(self.courses) < 3)
    @rule(findings=st.sampled_from(FINDINGS), patient=st.integers(0, 1), days=st.integers(1, 10))
    def book_another(self, findings, patient, days):
        self._book(self.patients[patient], findings, days)

    def _book(self, patient, findings, days=1):
        recorded = assessments.record(self.runtime, self.clinic.ben.actor, patient, Assessment.from_json(findings))
        made = assessments.get(self.runtime, self.rosa, recorded)
        request = BookingRequest(
            course_id=new_id(),
            patient_id=patient,
            assessment_id=recorded,
            phases=made.phases,
            first_visit_minutes=made.estimate.first_visit_minutes,
            visit_minutes=made.estimate.visit_minutes,
            wishes=Wishes(practitioners=(self.clinic.ben.id,), weekdays=(0, 1, 2, 3, 4)),
            earliest_day=self._today() + timedelta(days=days),
        )
        proposal = booking.propose(self.runtime, self.rosa, request, with_alternatives=False)
        self.courses.append(booking.book_course(self.runtime, self.rosa, request, proposal.places))

    def _today(self) -> date:
        return self.clock.now().date()

    @rule(hours=st.sampled_from([1, 5, 20, 26, 50, 100, 200]))
    def time_passes(self, hours):
        self.clock.advance(hours=hours)

    @rule(data=st.data(), status=st.sampled_from(["arrive", "fulfil", "miss", "cancel", "confirm"]))
    def something_happens_to_a_visit(self, data, status):
        appointment = self._some_appointment(data)
        if appointment is not None:
            self._try(lambda: getattr(attendance, status)(self.runtime, self.rosa, appointment))

    @rule(data=st.data(), choice=st.integers(0, 30))
    def a_visit_is_moved(self, data, choice):
        appointment = self._some_appointment(data)
        if appointment is None:
            return
        slots = self._try(lambda: moving.legal_slots(self.runtime, self.rosa, appointment)) or []
        if slots:
            slot = slots[choice % len(slots)]
            moved = self._try(
                lambda: moving.move(self.runtime, self.rosa, appointment, slot.start, slot.practitioner_id)
            )
            assert moved is not None, "an offered slot was refused"

    @rule()
    def the_sweeps_run(self):
        attendance.mark_no_shows(self.runtime)
        maintenance.extend_all(self.runtime)

    @rule(data=st.data())
    def the_last_change_is_undone(self, data):
        course = data.draw(st.sampled_from(self.courses))
        with self.runtime.reading(self.rosa) as unit:
            row = unit.session.scalars(
                select(RevisionRow).where(RevisionRow.course_id == course).order_by(RevisionRow.number.desc())
            ).first()
        self._try(lambda: undoing.undo(self.runtime, self.rosa, row.id))

    @rule(days=st.integers(1, 20), length=st.integers(1, 8))
    def the_therapist_is_away(self, days, length):
        first = self._today() + timedelta(days=days)
        away = Leave.whole_days(first, first + timedelta(days=length - 1))
        # A leave that is recorded already is refused.
        self._try(lambda: leave.record_leave(self.runtime, self.clinic.mo.actor, self.clinic.ben.id, away))

    @rule(days=st.integers(0, 20), begins=st.sampled_from(["08:00", "10:30", "13:00"]))
    def the_therapist_works_other_hours(self, days, begins):
        week = NewWeek(self.clinic.ben.id, self._today() + timedelta(days=days), tuple(weekly(begins, "18:00")))
        record_hours(self.runtime, self.rosa, week)

    @rule(data=st.data(), days=st.integers(0, 20), length=st.integers(1, 25), everything=st.booleans())
    def the_patient_cannot_come(self, data, days, length, everything):
        course = data.draw(st.sampled_from(self.courses))
        first = self._today() + timedelta(days=days)
        away = DaysAway(first, first + timedelta(days=length - 1))
        seen = self._try(lambda: preview_pause(self.runtime, self.rosa, course, away, all_courses=everything))
        if seen is None:
            return
        pause(self.runtime, self.rosa, course, away, all_courses=everything, digest=seen.digest)
        with self.runtime.reading(self.rosa) as unit:
            row = unit.get(CourseRow, course)
            coming = [each.upcoming for each in take(unit, row).live if each.upcoming]
            coming = [each for each in coming if each.status in attendance.UNATTENDED]
            ahead = [to_wall(each.starts_at, unit.zone).date() for each in coming if each.starts_at > unit.now]
        assert not [day for day in ahead if away.first_day <= day <= away.last_day]

    @rule(data=st.data())
    def a_freed_slot_is_taken(self, data):
        slots = freed_slots.freed_slots(self.runtime, self.rosa)
        if not slots:
            return
        slot = data.draw(st.sampled_from(slots))
        for taker in backfill.who_fits(self.runtime, self.rosa, slot.id).takers[:1]:
            offer = backfill.offer(self.runtime, self.rosa, slot.id, taker.course_id)
            backfill.accept(self.runtime, self.rosa, offer)

    @rule(data=st.data(), count=st.integers(1, 9))
    def the_frequency_changes(self, data, count):
        course = data.draw(st.sampled_from(self.courses))
        made = assessments.get(self.runtime, self.rosa, self._course(course).assessment_id)
        phases = (type(made.phases[0])(made.phases[0].name, count, made.phases[0].gap_days),)
        seen = self._try(lambda: frequency.preview(self.runtime, self.rosa, course, phases))
        if seen is not None:
            frequency.apply(self.runtime, self.rosa, course, phases, reason="tried", digest=seen.digest)

    @rule(data=st.data())
    def a_stopped_course_is_resumed(self, data):
        course = data.draw(st.sampled_from(self.courses))
        self._try(lambda: attendance.resume(self.runtime, self.rosa, course))

    def _try(self, what):
        try:
            return what()
        except PlannerError:
            return None

    def _some_appointment(self, data):
        with self.runtime.reading(self.rosa) as unit:
            rows = unit.session.scalars(
                select(AppointmentRow.id).where(AppointmentRow.superseded.is_(False)).order_by(AppointmentRow.starts_at)
            ).all()
        return data.draw(st.sampled_from(rows)) if rows else None

    def _course(self, course_id):
        with self.runtime.reading(self.rosa) as unit:
            return unit.get(CourseRow, course_id)

    @invariant()
    def nobody_is_in_two_places(self):
        with self.runtime.reading(self.rosa) as unit:
            rows = unit.session.scalars(
                select(AppointmentRow).where(AppointmentRow.status.in_(OCCUPYING_STATUSES))
            ).all()
        spans = defaultdict(list)
        for row in rows:
            for kind in ("practitioner_id", "room_id", "patient_id"):
                spans[kind, getattr(row, kind)].append((row.starts_at, row.ends_at))
        for taken in spans.values():
            taken.sort()
            assert all(one[1] <= two[0] for one, two in pairwise(taken))

    @invariant()
    def no_two_needlings_within_48_hours_and_no_session_lost(self):
        for course_id in self.courses:
            with self.runtime.reading(self.rosa) as unit:
                course = take(unit, unit.get(CourseRow, course_id))
            times = sorted(each.current.starts_at for each in course.live if each.current and each.current.occupies)
            assert all(two - one >= timedelta(hours=48) for one, two in pairwise(times))
            for session in course.live:
                waiting = session.owed and (session.current is None or not session.current.occupies)
                told = session.unplaced_reason or course.automation == "stopped"
                assert not waiting or told, f"session {session.position} has no place and nobody is told"
                assert len([each for each in session.appointments if not each.superseded]) <= 1

    @invariant()
    def no_patient_is_needled_twice_within_48_hours_in_different_courses(self):
        with self.runtime.reading(self.rosa) as unit:
            rows = unit.session.scalars(
                select(AppointmentRow).where(AppointmentRow.status.in_(OCCUPYING_STATUSES))
            ).all()
        for patient in self.patients:
            times = sorted(row.starts_at for row in rows if row.patient_id == patient)
            assert all(two - one >= timedelta(hours=48) for one, two in pairwise(times))

    @invariant()
    def calendar_identities_stay_and_sequences_only_rise(self):
        with self.runtime.reading(self.rosa) as unit:
            rows = unit.session.scalars(select(SessionRow)).all()
        for row in rows:
            uid, sequence = self.identity.get(row.id, (row.uid, 0))
            assert (row.uid, row.sequence >= sequence) == (uid, True)
            self.identity[row.id] = (row.uid, row.sequence)


TestCourseLife = CourseLife.TestCase
TestCourseLife.settings = settings(
    max_examples=25, stateful_step_count=14, deadline=None, suppress_health_check=list(HealthCheck)
)
TestCourseLife.pytestmark = [pytest.mark.slow]

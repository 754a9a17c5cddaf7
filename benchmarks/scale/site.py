"""One filled database with the program on it, and what is asked of it over and over: pages, calendars, courses."""

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, func, select

from benchmarks.scale.life import CountingMailer, TurnedClock
from benchmarks.scale.template import NOW
from planner.app import create_app
from planner.config import Config
from planner.services import assessments, booking, feeds, patients, sessions
from planner.services.booking import BookingRequest
from planner.services.feed_memory import FeedMemory
from planner.services.runtime import Actor, Role, Runtime
from planner.services.wishes import Wishes
from planner.storage.courses import AppointmentRow, AssessmentRow, CourseRow
from planner.storage.database import Database
from planner.storage.ids import new_id
from planner.storage.people import ClinicRow, StaffRow
from planner.web.access import LOGIN_KEY

KEY = "s" * 32
PAGES: Final[dict[str, tuple[Role | None, str]]] = {
    "today": ("reception", "/today"),
    "worklists": ("reception", "/worklists"),
    "diary, a day of ten therapists": ("reception", "/diary?span=day"),
    "diary, a week of ten therapists": ("reception", "/diary?span=week"),
    "course": ("therapist", "/courses/{course}"),
    "patient": ("reception", "/patients/{patient}"),
    "a patient's own plan": (None, "/p/{link}"),
    "search for a patient": ("reception", "/patients?q=patient"),
    "a therapist's day": ("therapist", "/my-day"),
    "figures of a year": ("manager", "/figures"),
    "estimates against what was needed": ("manager", "/figures/estimates"),
}
"""Who opens which address; those of tests/web/test_busy_pages.py, the diary by day and by week."""

ROLES: Final[tuple[Role, ...]] = ("reception", "therapist", "manager")
KEPT, UNCHANGED = "calendar, kept", "calendar, unchanged (304)"
WRITTEN, OF_ALL = "calendar, written anew", "a therapist's calendar, written anew"
DATES, PLANNED, BOOKED = "dates of a course", "dates of a course, with others for each", "course booked"


@dataclass
class Asker:
    """One clinic of the database: its people's browsers, and a patient in the middle of a course."""

    actors: dict[Role, Actor]
    browsers: dict[Role | None, FlaskClient]
    names: dict[str, Any]
    feed: str
    therapists_feed: str
    request: BookingRequest
    patients: Iterator[int] = field(repr=False)
    etag: str = ""


@dataclass
class Site:
    """A program on a database.

    Args:
        clinics: some of those in it, each asked in turn.
    """

    name: str
    runtime: Runtime
    app: Flask
    askers: list[Asker]
    questions: int = 0

    def acts(self) -> dict[str, Callable[[Asker], None]]:
        """All that is measured, by name."""
        pages = {name: self._page(who, address) for name, (who, address) in PAGES.items()}
        return {
            **pages, KEPT: self._kept, UNCHANGED: self._unchanged, WRITTEN: self._written, OF_ALL: self._written_all,
            DATES: self._dates, PLANNED: self._planned, BOOKED: self._booked,
        }  # fmt: skip

    @contextmanager
    def counting(self) -> Iterator[None]:
        """Let `questions` be the number of statements the database is given inside the block."""
        self.questions = 0

        def note(*_facts: Any) -> None:
            self.questions += 1

        event.listen(self.runtime.database.engine, "before_cursor_execute", note)
        try:
            yield
        finally:
            event.remove(self.runtime.database.engine, "before_cursor_execute", note)

    def _page(self, who: Role | None, address: str) -> Callable[[Asker], None]:
        def open_it(asker: Asker) -> None:
            answer = asker.browsers[who].get(address.format(**asker.names))
            assert answer.status_code == 200, (address, answer.status_code)

        return open_it

    def _kept(self, asker: Asker) -> None:
        answer = asker.browsers[None].get(asker.feed)
        assert answer.status_code == 200
        asker.etag = answer.headers["ETag"]

    def _unchanged(self, asker: Asker) -> None:
        assert asker.browsers[None].get(asker.feed, headers={"If-None-Match": asker.etag}).status_code == 304

    def _written(self, asker: Asker) -> None:
        assert feeds.feed_for_token(self.runtime, feeds.token_in(asker.feed), FeedMemory()).written.data

    def _written_all(self, asker: Asker) -> None:
        assert feeds.feed_for_token(self.runtime, feeds.token_in(asker.therapists_feed), FeedMemory()).written.data

    def _dates(self, asker: Asker) -> None:
        assert booking.propose(self.runtime, asker.actors["reception"], asker.request, with_alternatives=False).places

    def _planned(self, asker: Asker) -> None:
        assert booking.propose(self.runtime, asker.actors["reception"], asker.request).places

    def _booked(self, asker: Asker) -> None:
        """What `before_booking` has proposed last."""
        request, places = self._next
        booking.book_course(self.runtime, asker.actors["reception"], request, places)

    def before(self, act: str, asker: Asker) -> None:
        """What has to be there for an act and is no part of it."""
        if act == BOOKED:
            request = replace(asker.request, course_id=new_id(), **_another(self.runtime, asker))
            proposed = booking.propose(self.runtime, asker.actors["reception"], request, with_alternatives=False)
            self._next = request, proposed.places


def _another(runtime: Runtime, asker: Asker) -> dict[str, Any]:
    """A patient who has no appointment ahead, and their assessment."""
    patient = next(asker.patients)
    with runtime.reading(asker.actors["reception"]) as unit:
        row = unit.session.scalars(select(AssessmentRow).where(AssessmentRow.patient_id == patient)).first()
        assert row is not None
        return {"patient_id": patient, "assessment_id": row.id}


@contextmanager
def opened(name: str, url: str, folder: Path, most_clinics: int, seed: int = 3) -> Iterator[Site]:
    """The program on a filled database, with askers at so many of its clinics."""
    config = Config(instance=folder, database_url=url, secret_key=KEY)
    database = Database(url)
    runtime = Runtime(database, TurnedClock(NOW), CountingMailer(), config.base_url, KEY)
    app = create_app(runtime, config)
    with database.reading(None) as session:
        clinics = list(session.scalars(select(ClinicRow.id).order_by(ClinicRow.id)))
    chosen = random.Random(seed).sample(clinics, min(most_clinics, len(clinics)))
    try:
        yield Site(name, runtime, app, [_asker(app, runtime, clinic) for clinic in chosen])
    finally:
        database.close()


def _asker(app: Flask, runtime: Runtime, clinic: int) -> Asker:
    system = Actor.system(clinic)
    with runtime.writing(system) as unit:
        staff = list(unit.session.scalars(select(StaffRow).order_by(StaffRow.id)))
        people: dict[Role, StaffRow] = {role: next(row for row in staff if row.role == role) for role in ROLES}
        actors: dict[Role, Actor] = {role: Actor(clinic, row.name, role, row.id) for role, row in people.items()}
        tokens: dict[Role, str] = {
            role: sessions.open_session(unit, row, "", "passkey") for role, row in people.items()
        }
        course = unit.session.get(CourseRow, (clinic, _busiest(unit.session, clinic)))
        assert course is not None
        link = patients.personal_link(runtime, unit, course.patient_id)
        over = unit.session.scalars(
            select(CourseRow.patient_id).where(CourseRow.status == "finished").order_by(CourseRow.id.desc())
        ).all()
        names: dict[str, Any] = {"course": course.id, "patient": course.patient_id, "link": link.rpartition("/p/")[2]}
        therapists = [row.id for row in staff if row.treats]
    address = feeds.create_feed(runtime, actors["reception"], patient_id=names["patient"])
    of_all = feeds.create_feed(runtime, actors["manager"], practitioner_id=therapists[0])
    browsers: dict[Role | None, FlaskClient] = {None: app.test_client()}
    for role, token in tokens.items():
        browsers[role] = app.test_client()
        with browsers[role].session_transaction() as session:
            session[LOGIN_KEY] = token
    return Asker(actors, browsers, names, "/f/" + address.rpartition("/")[2], of_all,
                 _request(runtime, actors, names, therapists), iter(over))  # fmt: skip


def _busiest(session: Any, clinic: int) -> int:
    """A course with most appointments ahead: the newest of its kind."""
    row = AppointmentRow
    ahead = (row.clinic_id == clinic, row.status == "booked", row.starts_at > NOW)
    found = session.execute(
        select(row.course_id)
        .where(*ahead)
        .group_by(row.course_id)
        .order_by(func.count().desc(), row.course_id)
        .limit(1)
    ).scalar_one()
    return int(found)


def _request(
    runtime: Runtime, actors: dict[Role, Actor], names: dict[str, Any], therapists: list[int]
) -> BookingRequest:
    with runtime.reading(actors["reception"]) as unit:
        course = unit.get(CourseRow, names["course"])
        recorded = course.assessment_id
    made = assessments.get(runtime, actors["reception"], recorded)
    return BookingRequest(
        course_id=new_id(),
        patient_id=names["patient"],
        assessment_id=made.id,
        phases=made.phases,
        first_visit_minutes=made.first_visit_minutes,
        visit_minutes=made.visit_minutes,
        wishes=Wishes(tuple(therapists[:4]), (0, 1, 2, 3, 4), preferred="morning"),
        earliest_day=(NOW + timedelta(days=1)).date(),
    )

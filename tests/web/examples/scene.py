"""The cast in front of the program, and what more than one area needs of them. Made once, through the services."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from sqlalchemy import select

from planner.diary.hours import Leave
from planner.notify.message import Message, message_id
from planner.notify.outtray import OuttrayMailer
from planner.services import (
    attendance,
    busy_calendars,
    clinic_setup,
    freed_slots,
    hours_view,
    leave,
    new_hours,
    solve_jobs,
    worklists,
)
from planner.services.feed_list import feed_list
from planner.services.feed_memory import FeedMemory
from planner.services.feeds import create_feed, feed_for_token
from planner.services.new_hours import NewWeek
from planner.services.runtime import Runtime
from planner.storage.courses import CourseRow
from tests.factories import ANA_LINK, Clinic, weekly
from tests.web.ana_course import AnasCourse, book_ana


@dataclass(frozen=True)
class Scene:
    """What an example may use: the program and the clinic; make what else is needed through the services."""

    runtime: Runtime
    clinic: Clinic


Example = Callable[[Scene], dict[str, Any]]


def anas_course(scene: Scene) -> AnasCourse:
    """Ana's course, booked the first time somebody asks for it in this database."""
    actor = scene.clinic.rosa.actor
    with scene.runtime.reading(actor) as unit:
        row = unit.session.scalar(select(CourseRow))
    if row is None:
        return book_ana(scene.runtime, scene.clinic)
    return AnasCourse(scene.runtime, scene.clinic, row.id, row.assessment_id)


def work_item(scene: Scene) -> int:
    """A line of the worklists about that course."""
    course = anas_course(scene)
    with scene.runtime.writing(scene.clinic.system) as unit:
        worklists.open_item(unit, worklists.CATCH_UP, "an-example", "A session is proposed.", course.id)
    return course.notices()[0].id


def link_with_a_course(scene: Scene) -> str:
    """Ana's personal link, when there is a course to be seen behind it."""
    anas_course(scene)
    return ANA_LINK


def feed_token(scene: Scene) -> str:
    """The secret part of Ana's calendar address."""
    address = create_feed(scene.runtime, scene.clinic.rosa.actor, patient_id=scene.clinic.ana)
    return address.rpartition("/")[2].removesuffix(".ics")


def dav(scene: Scene) -> dict[str, str]:
    """The first of Ana's appointments, as CalDAV names it."""
    anas_course(scene)
    token = feed_token(scene)
    served = feed_for_token(scene.runtime, token, FeedMemory())
    return {"token": token, "rest": f"calendar/{served.written.feed.events[0].uid}.ics"}


def feed_id(scene: Scene) -> int:
    """Ana's calendar, as the list of calendars names it."""
    feed_token(scene)
    return feed_list(scene.runtime, scene.clinic.rosa.actor).of("patient")[0].id


def day_away() -> Leave:
    """One day, each time for another reason: the same leave is not recorded twice."""
    return Leave.whole_days(date(2026, 5, 4), date(2026, 5, 4), f"Reason {solve_jobs.new_job_id()}")


def bens_leave(scene: Scene) -> int:
    """A day on which Ben is away."""
    away = day_away()
    with scene.runtime.writing(scene.clinic.system) as unit:
        return clinic_setup.add_leave(unit, scene.clinic.ben.id, away).id


def change_of_hours(scene: Scene) -> int:
    """Ben comes an hour later from May on."""
    week = NewWeek(scene.clinic.ben.id, date(2026, 5, 4), tuple(weekly("09:00", "18:00")))
    new_hours.record_hours(scene.runtime, scene.clinic.rosa.actor, week)
    return hours_view.hours_desk(scene.runtime, scene.clinic.rosa.actor).changes[0].id


def freed_slot(scene: Scene) -> int:
    """The place of Ana's last session, which was called off."""
    last = [each for each in anas_course(scene).now().sessions if each.current][-1]
    if last.current is not None and last.current.occupies:
        attendance.cancel(scene.runtime, scene.clinic.rosa.actor, last.current.id or 0, rebook=False)
    with scene.runtime.reading(scene.clinic.rosa.actor) as unit:
        return freed_slots.ahead(unit)[-1].id


def planned_job(scene: Scene) -> int:
    """A plan for that day, ready to be recorded."""
    away = day_away()
    job_id = solve_jobs.new_job_id()
    leave.plan_leave(scene.runtime, scene.clinic.rosa.actor, scene.clinic.ben.id, away, job_id=job_id, seconds=0.1)
    while solve_jobs.look(scene.runtime, scene.clinic.rosa.actor, job_id).running:
        time.sleep(0.01)
    return job_id


def block_bens_time(
    runtime: Runtime, clinic: Clinic, start: str = "20260304T080000Z", end: str = "20260304T170000Z"
) -> int:
    """Ben's own calendar takes this time; the calendar's id."""
    lines = ("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:x", "BEGIN:VEVENT", "UID:dentist", f"DTSTAMP:{start}")
    more = (f"DTSTART:{start}", f"DTEND:{end}", "SUMMARY:Dentist", "END:VEVENT", "END:VCALENDAR", "")
    return busy_calendars.upload(runtime, clinic.ben.actor, clinic.ben.id, "\r\n".join((*lines, *more)).encode())


def clash(scene: Scene) -> int:
    """The line about a session of Ana's in that time."""
    booked = anas_course(scene).appointment(2)
    block_bens_time(
        scene.runtime, scene.clinic, f"{booked.starts_at:%Y%m%dT%H%M%SZ}", f"{booked.ends_at:%Y%m%dT%H%M%SZ}"
    )
    return next(item.id for item in anas_course(scene).notices() if item.kind == worklists.BUSY_CLASH)


def put_into_outtray(runtime: Runtime, from_name: str, to: str, subject: str = "Your dates") -> str:
    """A message in the folder that the pages of the same instance read; its file's name."""
    folder = runtime.mailer.folder
    message = Message(
        to=to,
        to_name="Ana",
        subject=subject,
        text="Hello Ana,\nyour plan: http://127.0.0.1:8000/p/secret <b>\n",
        html="<p>Hello</p>",
        message_id=message_id(f"{from_name}/{to}/{subject}", "mail.example"),
        date=runtime.clock.now(),
        from_name=from_name,
    )
    OuttrayMailer(folder).send(message)
    return max(folder.glob("*.eml"), key=lambda file: file.stat().st_mtime_ns).name


# Every address that is opened by a personal link has this token unless its example says otherwise.
LINK: Final = ANA_LINK

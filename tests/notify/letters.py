"""Letters of Ana's course with Ben, for the tests of rendering and delivery."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from planner.notify.letters import ChangeReason, CourseBooked, CourseChanged, Invited, Moved, Reminder, SlotOffered
from planner.notify.visit import Letterhead, Visit

LONDON = ZoneInfo("Europe/London")
NEW_YORK = ZoneInfo("America/New_York")
WRITTEN = datetime(2026, 11, 22, 10, 15, tzinfo=UTC)
FIRST = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)


def head(
    *,
    patient_zone: ZoneInfo = LONDON,
    phone: str = "020 7946 0018",
    plan_url: str | None = "https://plan.example/p/T0k3n",
    language: str = "en",
) -> Letterhead:
    return Letterhead("Harbour Clinic", phone, LONDON, "Ana", patient_zone, plan_url, language)


def visit(day: int, hour: int = 0, *, minutes: int = 30) -> Visit:
    """A visit so many days and hours after the first one, at 10:00 on Tuesday 24 November."""
    return Visit(FIRST + timedelta(days=day, hours=hour), minutes, "Ben Okafor", "Room 2")


def course_booked(header: Letterhead | None = None) -> CourseBooked:
    visits = (visit(0, minutes=60), visit(3), visit(7), visit(14, 4))
    return CourseBooked(header or head(), visits, notice_hours=24, calendar_attached=True)


def course_changed(header: Letterhead | None = None) -> CourseChanged:
    return CourseChanged(
        header or head(),
        reasons=(ChangeReason.MISSED, ChangeReason.LEAVE, ChangeReason.MISSED),
        moved=(Moved(visit(3), visit(6)), Moved(visit(7), visit(9, 2))),
        added=(visit(21),),
        cancelled=(visit(2),),
        upcoming=(visit(6), visit(9, 2), visit(14, 4), visit(21)),
        calendar_attached=True,
    )


def reminder(header: Letterhead | None = None) -> Reminder:
    return Reminder(header or head(), visit(0, minutes=60), confirmed=False)


def slot_offered(header: Letterhead | None = None) -> SlotOffered:
    return SlotOffered(header or head(), visit(3), instead=visit(7), until=FIRST + timedelta(hours=4))


def invited(header: Letterhead | None = None) -> Invited:
    return Invited(header or head(), visit(0, minutes=60), cancelled=False, again=False, answers_read=True)

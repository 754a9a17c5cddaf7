"""What follows from a policy, told with a day and a time, so that nobody has to count."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from planner.words import Text, day_said, say

_WEEKS_AHEAD: Final = 3
_WEDNESDAY: Final = 2
_LENGTH: Final = timedelta(minutes=45)
_YEAR: Final = 366


def follows(name: str, number: int, wall_now: datetime) -> Text:
    """What a policy means for a visit in some weeks.

    Args:
        name: one of `clinic_setup.POLICY_LIMITS`.
        number: a value within its limits.
        wall_now: the clinic's wall clock, aware.
    """
    return _FOLLOWS[name](number, wall_now)


def _notice(hours: int, wall_now: datetime) -> Text:
    if not hours:
        return say("Patients move a visit by themselves until it begins, and no cancellation counts as late.")
    visit = _visit(wall_now)
    until = _before(visit, hours)
    return say(
        "A visit on %(day)s at %(time)s can be moved by the patient until %(until)s, %(until_time)s. Later they are "
        "asked to call, a cancellation counts as late, and no repair moves the visit any more.",
        **_moment(visit),
        until=_day(until),
        until_time=_clock(until),
    )


def _grace(minutes: int, wall_now: datetime) -> Text:
    end = _visit(wall_now) + _LENGTH
    if not minutes:
        return say("A visit that nobody has marked counts as missed as soon as it is over.")
    return say(
        "A visit that ends at %(end)s and that nobody has marked counts as missed from %(missed)s on.",
        end=_clock(end),
        missed=_clock(end + timedelta(minutes=minutes)),
    )


def _hold(minutes: int, wall_now: datetime) -> Text:
    if not minutes:
        return say("Messages go out at once. What was a mistake has been told already.")
    begun = _visit(wall_now)
    return say(
        "What is booked or changed at %(time)s is told at %(told)s. Undone before that, nobody hears of it.",
        time=_clock(begun),
        told=_clock(begun + timedelta(minutes=minutes)),
    )


def _reminder(hours: int, wall_now: datetime) -> Text:
    visit = _visit(wall_now)
    sent = _before(visit, hours)
    return say(
        "For a visit on %(day)s at %(time)s the reminder goes out on %(sent)s at %(sent_time)s.",
        **_moment(visit),
        sent=_day(sent),
        sent_time=_clock(sent),
    )


def _horizon(days: int, wall_now: datetime) -> Text:
    last = wall_now.date() + timedelta(days=days)
    if days >= _YEAR:
        return say("Today dates are looked for until %(last)s.", last=_day(last))
    return say(
        "Today dates are looked for until %(last)s, and further where a course needs it: up to a year.", last=_day(last)
    )


def _kept(days: int, wall_now: datetime) -> Text:
    visit = _visit(wall_now)
    if not days:
        return say("A cancelled visit leaves calendars once its time is over.")
    return say(
        "A cancelled visit of %(day)s stays in calendars, marked as cancelled, until %(until)s: so even a slow "
        "program takes notice of it.",
        day=_day(visit),
        until=_day(visit + timedelta(days=days)),
    )


def _offer(hours: int, wall_now: datetime) -> Text:
    sent = _visit(wall_now)
    until = _after(sent, hours)
    return say(
        "An offer of %(day)s, %(time)s stands until %(until)s, %(until_time)s, unless somebody else accepts it before "
        "or the visit begins.",
        **_moment(sent),
        until=_day(until),
        until_time=_clock(until),
    )


_FOLLOWS: Final[Mapping[str, Callable[[int, datetime], Text]]] = {
    "notice_hours": _notice,
    "grace_minutes": _grace,
    "hold_minutes": _hold,
    "reminder_hours": _reminder,
    "horizon_days": _horizon,
    "keep_cancelled_days": _kept,
    "offer_hours": _offer,
}


def _visit(wall_now: datetime) -> datetime:
    """A Wednesday at ten, some weeks ahead."""
    monday = wall_now.date() - timedelta(days=wall_now.weekday())
    day: date = monday + timedelta(weeks=_WEEKS_AHEAD, days=_WEDNESDAY)
    return datetime.combine(day, time(10), wall_now.tzinfo)


def _before(visit: datetime, hours: int) -> datetime:
    """So many real hours earlier, also across a change of the clocks."""
    return _after(visit, -hours)


def _after(instant: datetime, hours: int) -> datetime:
    return (instant.astimezone(UTC) + timedelta(hours=hours)).astimezone(instant.tzinfo)


def _moment(instant: datetime) -> dict[str, str]:
    return {"day": _day(instant), "time": _clock(instant)}


def _day(day: date) -> Text:
    return day_said(day, "long")


def _clock(instant: datetime) -> str:
    return f"{instant:%H:%M}"

"""Courses as lines of the time picture."""

from __future__ import annotations

from collections.abc import Iterator

from planner.services.course_view import CourseView, SessionLine
from planner.services.difference import shown
from planner.services.frequency import FrequencyPreview
from planner.services.snapshot import CourseSnapshot
from planner.web.formats import day_short, local_day, local_short
from planner.web.reader import language
from planner.web.timeline import Timeline, TimelineLine, TimelineSession, build_timeline
from planner.words import say


def course_picture(view: CourseView) -> Timeline | None:
    """The course on the time axis: every session, and a mark where one was missed before; None without sessions."""
    sessions = tuple(session for line in view.lines for session in _sessions(line, view.zone))
    if not sessions:
        return None
    return build_timeline(
        say("%(name)s's course", name=view.patient), [TimelineLine("", sessions)], view.today, language=language()
    )


def _sessions(line: SessionLine, zone: str) -> Iterator[TimelineSession]:
    for missed in line.missed:
        words = say("Session %(number)s, %(day)s", number=line.number, day=day_short(missed))
        yield TimelineSession(line.number, missed, None, "noshow", line.phase, words)
    day = line.target_day if line.booked is None else local_day(line.booked.starts_at, zone)
    if day is None:
        return
    words = say("Session %(number)s, to place", number=line.number)
    if line.booked:
        when = local_short(line.booked.starts_at, zone)
        words = say("Session %(number)s, %(day)s with %(who)s", number=line.number, day=when, who=line.practitioner)
    yield TimelineSession(line.number, day, line.target_day, line.state, line.phase, words)


def before_and_after(view: CourseView, seen: FrequencyPreview) -> Timeline | None:
    """The same course twice over the same days; None while nothing of it has a date."""
    lines = [
        TimelineLine(name, sessions)
        for name, snapshot in ((say("Before"), seen.before), (say("After"), seen.after))
        if (sessions := tuple(_of_snapshot(snapshot, view)))
    ]
    return (
        build_timeline(
            say("%(name)s's course before and after", name=view.patient), lines, view.today, language=language()
        )
        if lines
        else None
    )


def _of_snapshot(snapshot: CourseSnapshot, view: CourseView) -> Iterator[TimelineSession]:
    """The sessions of a moment of the course; what has no place is said in the table beside the picture."""
    for session in snapshot.live:
        booked = shown(session)
        if booked is not None:
            when = local_short(booked.starts_at, view.zone)
            words = say("Session %(number)s, %(day)s", number=session.position + 1, day=when)
            day = local_day(booked.starts_at, view.zone)
            yield TimelineSession(session.position + 1, day, None, booked.status, session.phase, words)

"""A course as it stands at one moment: what a revision keeps, compares and puts back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import select

from planner.scheduling.problem import Gap
from planner.services.runtime import Unit
from planner.storage.courses import OCCUPYING_STATUSES, AppointmentRow, CourseRow, SessionRow

VOID = ("cancelled", "entered-in-error")
Days = tuple[date, date]
"""First and last day, both included."""


@dataclass(frozen=True, slots=True)
class Booked:
    """One appointment of a session. `id` is None for one that is still to be written."""

    id: int | None
    practitioner_id: int
    room_id: int
    starts_at: datetime
    ends_at: datetime
    status: str = "booked"
    superseded: bool = False
    confirmed_at: datetime | None = None
    late_cancellation: bool = False
    cancelled_by: str = ""

    @property
    def occupies(self) -> bool:
        """Whether it takes its practitioner's, room's and patient's time."""
        return self.status in OCCUPYING_STATUSES

    def is_locked(self, now: datetime, notice_hours: float) -> bool:
        """Whether a repair must leave it: confirmed by the patient, begun, or within the notice time.

        With exactly the notice time left it may still move.
        """
        return self.confirmed_at is not None or self.is_fixed(now, notice_hours)

    def is_fixed(self, now: datetime, notice_hours: float) -> bool:
        """Whether it stays where it is, whoever has confirmed what: begun, or within the notice time."""
        return self.starts_at - now < timedelta(hours=notice_hours)

    @property
    def place(self) -> tuple[datetime, datetime, int, int]:
        """When, with whom and where."""
        return self.starts_at, self.ends_at, self.practitioner_id, self.room_id

    def to_json(self) -> dict[str, Any]:
        """JSON with ISO instants."""
        return {
            "id": self.id,
            "practitioner_id": self.practitioner_id,
            "room_id": self.room_id,
            "starts_at": self.starts_at.isoformat(),
            "ends_at": self.ends_at.isoformat(),
            "status": self.status,
            "superseded": self.superseded,
            "confirmed_at": self.confirmed_at.isoformat() if self.confirmed_at else None,
            "late_cancellation": self.late_cancellation,
            "cancelled_by": self.cancelled_by,
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Booked:
        """The inverse of `to_json`."""
        instants = {name: datetime.fromisoformat(data[name]) for name in ("starts_at", "ends_at")}
        confirmed = data["confirmed_at"]
        return cls(**{**data, **instants, "confirmed_at": datetime.fromisoformat(confirmed) if confirmed else None})


@dataclass(frozen=True, slots=True)
class SessionState:
    """One session owed, with all its appointments in the order they were made; the last not superseded one counts."""

    id: int | None
    position: int
    phase: str
    minutes: int
    gap: Gap | None
    dropped: bool = False
    unplaced_reason: str = ""
    appointments: tuple[Booked, ...] = ()

    @property
    def key(self) -> str:
        """Its name among the sessions of its course, also before it has an id."""
        return str(self.id) if self.id is not None else f"new-{self.position}"

    @property
    def current(self) -> Booked | None:
        """The appointment that counts now."""
        return next((booked for booked in reversed(self.appointments) if not booked.superseded), None)

    @property
    def done(self) -> bool:
        """Whether the treatment was given."""
        return self.current is not None and self.current.status == "fulfilled"

    @property
    def upcoming(self) -> Booked | None:
        """The appointment in which the session is still to happen, if it has one."""
        current = self.current
        return current if current is not None and current.occupies and current.status != "fulfilled" else None

    @property
    def owed(self) -> bool:
        """Whether the treatment is still to be given."""
        return not self.dropped and not self.done

    def with_current(self, booked: Booked | None) -> SessionState:
        """The session with this appointment instead of the present one (None: drops the present one's claim)."""
        others = tuple(each for each in self.appointments if each is not self.current)
        return replace(self, appointments=(*others, booked) if booked else others)

    def rebooked(self, booked: Booked, *, former_status: str, late: bool = False, by: str = "") -> SessionState:
        """The session with a new appointment; the present one stays as history under another status."""
        return replace(self.closed(former_status, late=late, by=by), unplaced_reason="")._plus(booked)

    def closed(self, status: str, *, late: bool = False, by: str = "") -> SessionState:
        """The session with its present appointment under a final status."""
        current = self.current
        if current is None:
            return self
        return self.with_current(replace(current, status=status, late_cancellation=late, cancelled_by=by))

    def _plus(self, booked: Booked) -> SessionState:
        history = tuple(replace(each, superseded=True) for each in self.appointments)
        return replace(self, appointments=(*history, booked))

    def to_json(self) -> dict[str, Any]:
        """JSON, appointments included."""
        return {
            "id": self.id,
            "position": self.position,
            "phase": self.phase,
            "minutes": self.minutes,
            "gap": [self.gap.target, self.gap.min, self.gap.max] if self.gap else None,
            "dropped": self.dropped,
            "unplaced_reason": self.unplaced_reason,
            "appointments": [booked.to_json() for booked in self.appointments],
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> SessionState:
        """The inverse of `to_json`."""
        gap = Gap(*data["gap"]) if data["gap"] else None
        return cls(**{**data, "gap": gap, "appointments": tuple(map(Booked.from_json, data["appointments"]))})


@dataclass(frozen=True, slots=True)
class CourseSnapshot:
    """The whole course: status, automation, phases and every session.

    Args:
        away: days on which the patient can't come; None where nothing is known of them, so that they stay as they are.
        wishes: all else that the patient wishes, the note under "note"; None where nothing is known of that.
    """

    status: str
    automation: str
    phases: tuple[dict[str, Any], ...]
    sessions: tuple[SessionState, ...]
    away: tuple[Days, ...] | None = None
    wishes: Mapping[str, Any] | None = None

    def session(self, session_id: int) -> SessionState:
        """The session with this id; ValueError when it is not of this course."""
        for session in self.sessions:
            if session.id == session_id:
                return session
        raise ValueError(f"no session {session_id} in this course")

    def replacing(self, *changed: SessionState) -> CourseSnapshot:
        """The course with these sessions in place of those with the same keys; the others are added."""
        by_key = {session.key: session for session in self.sessions} | {session.key: session for session in changed}
        return replace(self, sessions=in_order(by_key.values()))

    @property
    def next_position(self) -> int:
        """The place of a session that is added at the end."""
        return max((session.position for session in self.sessions), default=-1) + 1

    @property
    def live(self) -> tuple[SessionState, ...]:
        """The sessions that were not dropped, in order."""
        return tuple(session for session in self.sessions if not session.dropped)

    def to_json(self) -> dict[str, Any]:
        """What a revision keeps."""
        kept: dict[str, Any] = {
            "status": self.status,
            "automation": self.automation,
            "phases": list(self.phases),
            "sessions": [session.to_json() for session in self.sessions],
        }
        if self.away is not None:
            kept["away"] = days_to_json(self.away)
        if self.wishes is not None:
            kept["wishes"] = dict(self.wishes)
        return kept

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> CourseSnapshot:
        """The inverse of `to_json`."""
        return cls(
            status=data["status"],
            automation=data["automation"],
            phases=tuple(data["phases"]),
            sessions=tuple(map(SessionState.from_json, data["sessions"])),
            # Older revisions do not know these.
            away=days_from_json(data["away"]) if "away" in data else None,
            wishes=data.get("wishes"),
        )


def days_to_json(away: Iterable[Days]) -> list[list[str]]:
    """Days away as JSON keeps them, in the wishes of a course and in its revisions."""
    return [[first.isoformat(), last.isoformat()] for first, last in away]


def days_from_json(data: Iterable[Sequence[str]]) -> tuple[Days, ...]:
    """The inverse of `days_to_json`."""
    return tuple((date.fromisoformat(first), date.fromisoformat(last)) for first, last in data)


def in_order(sessions: Iterable[SessionState]) -> tuple[SessionState, ...]:
    """Sessions by their place in the course."""
    return tuple(sorted(sessions, key=lambda session: (session.position, session.id or 0)))


def take(unit: Unit, course: CourseRow) -> CourseSnapshot:
    """The course as the database has it now (one query)."""
    return take_all(unit, [course])[course.id]


def take_all(unit: Unit, courses: Sequence[CourseRow]) -> dict[int, CourseSnapshot]:
    """Many courses as the database has them now, by id (one query)."""
    rows = rows_of(unit, courses)
    return {course.id: of_rows(course, *rows[course.id]) for course in courses}


def rows_of(unit: Unit, courses: Sequence[CourseRow]) -> dict[int, tuple[list[SessionRow], list[AppointmentRow]]]:
    """All sessions and appointments that these courses ever had, by course id (one query)."""
    found: dict[int, tuple[dict[int, SessionRow], list[AppointmentRow]]] = {course.id: ({}, []) for course in courses}
    row = AppointmentRow
    pairs = unit.session.execute(
        select(SessionRow, row)
        .outerjoin(row, (row.session_id == SessionRow.id) & (row.clinic_id == SessionRow.clinic_id))
        .where(SessionRow.course_id.in_(found))
    )
    for session, appointment in pairs:
        sessions, appointments = found[session.course_id]
        sessions[session.id] = session
        if appointment is not None:
            appointments.append(appointment)
    return {course_id: (list(sessions.values()), rows) for course_id, (sessions, rows) in found.items()}


def of_rows(
    course: CourseRow, sessions: Iterable[SessionRow], appointments: Iterable[AppointmentRow]
) -> CourseSnapshot:
    """The course that these rows make."""
    by_session: dict[int, list[Booked]] = {}
    for row in sorted(appointments, key=lambda row: row.id):
        by_session.setdefault(row.session_id, []).append(booked_from(row))
    return CourseSnapshot(
        status=course.status,
        automation=course.automation,
        phases=tuple(course.phases),
        sessions=in_order(session_from(row, tuple(by_session.get(row.id, ()))) for row in sessions),
        away=days_from_json(course.wishes.get("away", ())),
        wishes=wishes_of(course),
    )


def wishes_of(course: CourseRow) -> dict[str, Any]:
    """What the patient wishes but for days away, with the note."""
    return {**{name: wish for name, wish in course.wishes.items() if name != "away"}, "note": course.wish_note or ""}


def booked_from(row: AppointmentRow) -> Booked:
    """The value of an appointment row."""
    return Booked(
        id=row.id,
        practitioner_id=row.practitioner_id,
        room_id=row.room_id,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        status=row.status,
        superseded=row.superseded,
        confirmed_at=row.confirmed_at,
        late_cancellation=row.late_cancellation,
        cancelled_by=row.cancelled_by,
    )


def session_from(row: SessionRow, appointments: tuple[Booked, ...]) -> SessionState:
    """The value of a session row with its appointments."""
    has_gap = row.gap_target is not None and row.gap_min is not None and row.gap_max is not None
    return SessionState(
        id=row.id,
        position=row.position,
        phase=row.phase,
        minutes=row.minutes,
        gap=Gap(row.gap_target, row.gap_min, row.gap_max) if has_gap else None,  # type: ignore[arg-type]
        dropped=row.dropped,
        unplaced_reason=row.unplaced_reason,
        appointments=appointments,
    )

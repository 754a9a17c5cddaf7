"""What a miss, a late cancellation and a row of misses mean; when a chronic course needs a session to catch up."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum

from planner.care.evidence import Evidence


@dataclass(frozen=True)
class PastVisit:
    """How one appointment went.

    Args:
        status: FHIR R4 appointment status, such as "fulfilled" or "noshow".
        late: the patient cancelled it inside the clinic's notice time.
    Raises:
        ValueError: there is no such status.
    """

    status: str
    late: bool = False

    def __post_init__(self) -> None:
        if self.status not in _STATUSES:
            raise ValueError(f"{self.status!r} is no appointment status")


_CAME = frozenset({"fulfilled", "arrived", "checked-in"})
_SAY_NOTHING = frozenset({"proposed", "pending", "booked", "waitlist", "cancelled", "entered-in-error"})
_STATUSES = _CAME | _SAY_NOTHING | {"noshow"}


class MissAction(StrEnum):
    """What the planner does by itself after a miss."""

    REBOOK = "rebook"
    STOP = "stop"


@dataclass(frozen=True)
class MissVerdict:
    """Whether to go on automatically, and the ids of the evidence rows that say so."""

    action: MissAction
    misses: int
    evidence: tuple[str, ...]


@dataclass(frozen=True)
class CatchUp:
    """Extra sessions to propose to a chronic course that was interrupted.

    Args:
        sessions: how many.
        gap_days: days between the last session attended and the next one planned.
        max_gap_days: what the phase allows.
        evidence: ids of the rows that say so.
    """

    sessions: int
    gap_days: int
    max_gap_days: int
    evidence: tuple[str, ...]


def is_late_cancellation(
    starts_at: datetime, now: datetime, notice_hours: float, *, given_at: datetime | None = None
) -> bool:
    """Whether cancelling now leaves less than the clinic's notice; exactly the notice is in time.

    Args:
        starts_at: when the appointment starts, aware.
        now: the present instant, aware.
        notice_hours: elapsed hours, so a clock change in between does not shorten them.
        given_at: when the patient was given this time, aware, unless they agreed to it. One given later than the
            notice could never be cancelled in time, so cancelling it is not late.
    Raises:
        ValueError: a naive time.
    """
    if any(each is not None and each.tzinfo is None for each in (starts_at, now, given_at)):
        raise ValueError("times must be aware")
    last_in_time = starts_at.astimezone(UTC) - timedelta(hours=notice_hours)
    could_be = given_at is None or given_at <= last_in_time
    return could_be and now > last_in_time


def misses_in_a_row(visits: Iterable[PastVisit]) -> int:
    """How many misses stand at the end of the visits, given oldest first.

    A no-show and a late cancellation count; coming sets the count back; a cancellation in time, an error or an
    appointment still to come says nothing. Source: E53, J16.
    """
    misses = 0
    for visit in visits:
        if visit.status in _CAME:
            misses = 0
        elif visit.status == "noshow" or (visit.status == "cancelled" and visit.late):
            misses += 1
    return misses


def verdict_after_miss(misses: int, evidence: Evidence | None = None) -> MissVerdict:
    """Whether the planner rebooks by itself or a person talks to the patient first. Source: E50–E53, J16.

    Args:
        misses: misses in a row, this one included.
    Raises:
        ValueError: there was no miss.
    """
    if misses < 1:
        raise ValueError(f"{misses} misses")
    if misses >= (evidence or Evidence.load())["J16"].whole("misses"):
        return MissVerdict(MissAction.STOP, misses, ("E53", "J16"))
    return MissVerdict(MissAction.REBOOK, misses, ("E50", "E52"))


def catch_up(
    *,
    chronic: bool,
    last_attended: date,
    next_planned: date | None,
    max_gap_days: int,
    evidence: Evidence | None = None,
) -> CatchUp | None:
    """The catch-up to propose if a chronic course is interrupted for longer than its phase allows.

    Args:
        chronic: whether a gap weighs on this course. See `factors.is_chronic`.
        last_attended: clinic-local date of the last session that took place.
        next_planned: clinic-local date of the next one after the repair; None if none is left, and so nothing to
            catch up with.
        max_gap_days: the longest gap of the next session's phase.
    Returns:
        None where nothing needs catching up. Source: E51, E52, J17.
    Raises:
        ValueError: the next session lies before the last one.
    """
    if next_planned is None or not chronic:
        return None
    gap_days = (next_planned - last_attended).days
    if gap_days < 0:
        raise ValueError("the next session lies before the last one")
    if gap_days <= max_gap_days:
        return None
    sessions = (evidence or Evidence.load())["J17"].whole("catch_up_sessions")
    return CatchUp(sessions, gap_days, max_gap_days, ("E51", "E52", "J17"))

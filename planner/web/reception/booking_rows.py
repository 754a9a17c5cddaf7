"""A proposal as the page shows it: a row for each session, the picture above them, one sentence on how good it is."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from planner.scheduling.alternatives import Alternative
from planner.services.booking import Proposal, ProposedSession
from planner.services.wishes import Wishes
from planner.web.formats import counted, day_short, gap_words
from planner.web.reception.booking_form import place_text
from planner.web.timeline import Timeline, TimelineLine, TimelineSession, build_timeline

_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_HALVES = {"morning": "rather in the morning", "afternoon": "rather in the afternoon"}


@dataclass(frozen=True)
class Choice:
    """Another date for a session: the button's words, what it means and what it costs, what the form sends."""

    words: str
    note: str
    cost: str
    value: str


@dataclass(frozen=True)
class DateRow:
    """One line of the table of dates.

    Args:
        session: counted from 0, as the form names it.
        day, clock: clinic-local; None and empty where no date was found.
        fit: fine, shifted or to_place.
        fixed: the person chose this date.
        place: what the form carries of it.
    """

    session: int
    phase: str
    day: date | None
    clock: str
    practitioner: str
    room: str
    gap: str
    fit: str
    reason: str
    fixed: bool
    place: str
    choices: tuple[Choice, ...]

    @property
    def number(self) -> int:
        """As people count."""
        return self.session + 1


def date_rows(proposal: Proposal, fixed: Collection[int], names: Mapping[str, str]) -> tuple[DateRow, ...]:
    """The table's rows; `names` of the therapists by the engine's id."""
    return tuple(_row(line, line.number - 1 in fixed, names) for line in proposal.sessions)


def picture(proposal: Proposal, today: date) -> Timeline | None:
    """The proposed course on the time axis; None when no session has even a target."""
    sessions = [each for line in proposal.sessions if (each := _mark(line)) is not None]
    return build_timeline("The proposed dates", [TimelineLine("", tuple(sessions))], today) if sessions else None


def verdict(proposal: Proposal, fixed: Collection[int]) -> str:
    """How good the dates are, said plainly."""
    to_place = len(proposal.sessions) - len(proposal.places)
    without = f" {counted(to_place, 'session')} found no date: each says why." if to_place else ""
    if fixed:
        chosen = counted(len(fixed), "date")
        return f"You fixed {chosen}; the sessions after follow at the best dates there are.{without}"
    if proposal.points == proposal.lower_bound:
        return f"No better dates exist for these wishes.{without}"
    return f"Good dates for these wishes.{without}"


def wishes_words(wishes: Wishes, first_day: date, names: Mapping[str, str], preferred: bool) -> str:
    """The wishes on one line."""
    people = [_people_words(wishes, names)] if preferred else []
    return "; ".join([f"From {day_short(first_day)}", *people, *_times_words(wishes)])


def wishes_line(wishes: Wishes, names: Mapping[int, str]) -> str:
    """The wishes on one line, without a first day; `names` of the therapists by their number."""
    words = [_people_words(wishes, {str(staff_id): name for staff_id, name in names.items()}), *_times_words(wishes)]
    said = "; ".join(words if len(names) > 1 else words[1:]) or "any time"
    return said[0].upper() + said[1:]


def _people_words(wishes: Wishes, names: Mapping[str, str]) -> str:
    first = names.get(str(wishes.practitioners[0]), "")
    return f"only with {first}" if len(wishes.practitioners) == 1 else f"with {first}, else another"


def _times_words(wishes: Wishes) -> list[str]:
    said = []
    if len(wishes.weekdays) < len(_WEEKDAYS):
        said.append(", ".join(_WEEKDAYS[day] for day in wishes.weekdays))
    if (wishes.start.hour, wishes.start.minute) != (0, 0):
        said.append(f"not before {wishes.start:%H:%M}")
    if (wishes.end.hour, wishes.end.minute) != (23, 59):
        said.append(f"until {wishes.end:%H:%M}")
    if wishes.preferred in _HALVES:
        said.append(_HALVES[wishes.preferred])
    return said + [f"away {day_short(first)} to {day_short(last)}" for first, last in wishes.away]


def _row(line: ProposedSession, fixed: bool, names: Mapping[str, str]) -> DateRow:
    placed = line.placed
    return DateRow(
        session=line.number - 1,
        phase=line.phase,
        day=placed.start.date() if placed else None,
        clock=f"{placed.start:%H:%M}" if placed else "",
        practitioner=line.practitioner,
        room=line.room,
        gap=gap_words(line.gap_days, line.gap.target if line.gap else None) if placed else "",
        fit="to_place" if placed is None else "shifted" if line.shifted else "fine",
        reason=line.reason,
        fixed=fixed,
        place=place_text(placed) if placed else "",
        choices=_choices(line.number - 1, line.alternatives, names),
    )


def _choices(session: int, others: Sequence[Alternative], names: Mapping[str, str]) -> tuple[Choice, ...]:
    return tuple(
        Choice(
            words=f"{day_short(other.start)}, {other.start:%H:%M}, {names.get(other.practitioner, '')}",
            note=other.why,
            cost=other.cost,
            value=f"{session}={other.practitioner}|{other.room}|{other.start.isoformat(timespec='minutes')}",
        )
        for other in others
    )


def _mark(line: ProposedSession) -> TimelineSession | None:
    if line.placed is None:
        if line.target_day is None:
            return None
        return TimelineSession(
            line.number, line.target_day, None, "unplaced", line.phase, f"Session {line.number}, no date yet"
        )
    start = line.placed.start
    label = f"Session {line.number}, {day_short(start)}, {start:%H:%M} with {line.practitioner}"
    return TimelineSession(line.number, start.date(), line.target_day, "proposed", line.phase, label)

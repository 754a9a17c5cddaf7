"""A proposal as the page shows it: a row for each session, the picture above them, one sentence on how good it is."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from planner.scheduling.alternatives import Alternative
from planner.services.proposal import Proposal, ProposedSession
from planner.services.wishes import Wishes
from planner.web.formats import day_short, gap_words
from planner.web.reader import language
from planner.web.reception.booking_form import place_text
from planner.web.timeline import Timeline, TimelineLine, TimelineSession, build_timeline
from planner.words import Text, listing, say, say_many, weekday_said

_DAYS_A_WEEK = 7
_HALVES = {"morning": say("Rather in the morning"), "afternoon": say("Rather in the afternoon")}


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
    if not sessions:
        return None
    return build_timeline(say("The proposed dates"), [TimelineLine("", tuple(sessions))], today, language=language())


def verdict(proposal: Proposal, fixed: Collection[int]) -> Text:
    """How good the dates are, said plainly."""
    to_place = len(proposal.sessions) - len(proposal.places)
    if fixed:
        said = say_many(
            "You fixed %(num)s date; the sessions after follow at the best dates there are.",
            "You fixed %(num)s dates; the sessions after follow at the best dates there are.",
            len(fixed),
        )
    elif proposal.points == proposal.lower_bound:
        said = say("No better dates exist for these wishes.")
    else:
        said = say("Good dates for these wishes.")
    if not to_place:
        return said
    without = say_many(
        "%(num)s session found no date: it says why.", "%(num)s sessions found no date: each says why.", to_place
    )
    return listing([said, without], " ")


def tally(rows: Sequence[DateRow]) -> list[tuple[str, int]]:
    """How many rows are fine, shifted and still to place; what there is none of is left out."""
    counts = [(fit, sum(row.fit == fit for row in rows)) for fit in ("fine", "shifted", "to_place")]
    return [(fit, count) for fit, count in counts if count]


def wishes_words(wishes: Wishes, first_day: date, names: Mapping[str, str], preferred: bool) -> Text:
    """The wishes on one line."""
    people = [_people_words(wishes, names)] if preferred else []
    return listing([say("From %(day)s", day=day_short(first_day)), *people, *_times_words(wishes)], "; ")


def wishes_line(wishes: Wishes, names: Mapping[int, str]) -> Text:
    """The wishes on one line, without a first day; `names` of the therapists by their number."""
    people = [_people_words(wishes, {str(staff_id): name for staff_id, name in names.items()})]
    words = [*(people if len(names) > 1 else []), *_times_words(wishes)]
    return listing(words, "; ") if words else say("Any time")


def _people_words(wishes: Wishes, names: Mapping[str, str]) -> Text:
    wished_for = listing([names.get(str(each), "–") for each in wishes.wished_for], ", ")
    if wishes.only_these:
        return say("Only with %(names)s", names=wished_for)
    if len(wishes.wished_for) > 1:
        return say("With %(names)s, in this order, else another", names=wished_for)
    return say("With %(name)s, else another", name=wished_for)


def _times_words(wishes: Wishes) -> list[Text]:
    said = []
    if len(wishes.weekdays) < _DAYS_A_WEEK:
        said.append(listing([weekday_said(day, "weekday_short") for day in wishes.weekdays], ", "))
    if (wishes.start.hour, wishes.start.minute) != (0, 0):
        said.append(say("Not before %(time)s", time=f"{wishes.start:%H:%M}"))
    if (wishes.end.hour, wishes.end.minute) != (23, 59):
        said.append(say("Over by %(time)s", time=f"{wishes.end:%H:%M}"))
    if wishes.preferred in _HALVES:
        said.append(_HALVES[wishes.preferred])
    return said + [
        say("Away on %(day)s", day=day_short(first))
        if first == last
        else say("Away from %(first)s to %(last)s", first=day_short(first), last=day_short(last))
        for first, last in wishes.away
    ]


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
            words=say(
                "%(day)s, %(time)s, %(name)s",
                day=day_short(other.start),
                time=f"{other.start:%H:%M}",
                name=names.get(other.practitioner, ""),
            ),
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
            line.number,
            line.target_day,
            None,
            "unplaced",
            line.phase,
            say("Session %(number)s, no date yet", number=line.number),
        )
    start = line.placed.start
    label = say(
        "Session %(number)s, %(day)s, %(time)s with %(name)s",
        number=line.number,
        day=day_short(start),
        time=f"{start:%H:%M}",
        name=line.practitioner,
    )
    return TimelineSession(line.number, start.date(), line.target_day, "proposed", line.phase, label)

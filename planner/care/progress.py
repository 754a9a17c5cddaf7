"""From outcome measures to advice: taper sooner, carry on, or stop and refer; advice, never a decision (E63)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from planner.care.course import Phase
from planner.care.estimate_values import Reason
from planner.care.evidence import Evidence
from planner.care.outcomes import Kind, Outcome, series
from planner.care.taper import taper_starts_at
from planner.words import Text, say, say_many

# What a patient suffers from or can't do; sleep and performance follow it and may dip for other reasons.
_SYMPTOMS = (Kind.PAIN, Kind.FUNCTION, Kind.RANGE, Kind.TENSION)


class AdviceKind(StrEnum):
    """What is advised."""

    TAPER_SOONER = "taper_sooner"
    CARRY_ON = "carry_on"
    STOP_AND_REFER = "stop_and_refer"


class Trend(StrEnum):
    """Where a measure stands against its first value, by what counts as a change."""

    BETTER = "better"
    SAME = "same"
    WORSE = "worse"


@dataclass(frozen=True)
class Standing:
    """How far the course is.

    Args:
        treated_at: when each session that was given began, rising.
        phases: as they are booked.
        sessions_ahead: how many are still to be given.
    """

    treated_at: tuple[datetime, ...]
    phases: tuple[Phase, ...]
    sessions_ahead: int

    @property
    def done(self) -> int:
        """How many sessions were given."""
        return len(self.treated_at)

    def done_by(self, instant: datetime) -> int:
        """How many sessions had begun at an instant."""
        return sum(treated <= instant for treated in self.treated_at)


@dataclass(frozen=True)
class Change:
    """One thing that was measured at least twice, from its first value to its latest.

    Args:
        size: the smallest change that counts; `row` says so.
        best: the best value in between.
        latest_after: how many sessions had been given at the latest value.
        better_after: the same at the first value that was better by what counts; None where none was.
    """

    first: Outcome
    latest: Outcome
    best: float
    size: float
    row: str
    latest_after: int
    better_after: int | None

    @property
    def kind(self) -> Kind:
        """What is measured."""
        return self.first.kind

    @property
    def gain(self) -> float:
        """By how much the latest value is better than the first; negative when worse."""
        return self.first.measure.gain(self.first.value, self.latest.value)

    @property
    def trend(self) -> Trend:
        """Better, the same or worse."""
        if self.gain >= self.size:
            return Trend.BETTER
        return Trend.WORSE if self.gain <= -self.size else Trend.SAME

    @property
    def slipping(self) -> bool:
        """Whether it has fallen back from its best by what counts. Source: J57."""
        return self.first.measure.gain(self.latest.value, self.best) >= self.size

    @property
    def says(self) -> Text:
        """What was measured, from where to where."""
        values = {
            "what": self.first.measure.label,
            "about": self.latest.about,
            "before": self.first.measure.said(self.first.value),
            "now": self.latest.measure.said(self.latest.value),
        }
        if self.latest.about:
            return say("%(what)s (%(about)s): from %(before)s to %(now)s", **values)
        return say("%(what)s: from %(before)s to %(now)s", **values)


@dataclass(frozen=True)
class Advice:
    """What is advised, and why.

    Args:
        key: the picture it was made from: the same as long as the kind, its grounds and every trend are the same.
        firm: whether the sources leave no more time.
        reasons: the evidence rows that were followed, each with what it means here.
        measured_after: sessions that had been given when something was last measured.
    """

    kind: AdviceKind
    key: str
    title: Text
    says: Text
    firm: bool
    reasons: tuple[Reason, ...]
    changes: tuple[Change, ...]
    measured_after: int


def changes_of(standing: Standing, outcomes: Sequence[Outcome], evidence: Evidence) -> tuple[Change, ...]:
    """Everything that tells of progress and was measured at least twice. Source: E60, J50–J55."""
    found = []
    for _, each in series(tuple(outcomes)):
        size = each[0].measure.significant(evidence)
        judged = tuple(_without_soreness(standing, each, evidence))
        if size is None or len(judged) < 2:
            continue
        found.append(_change(standing, judged, size))
    return tuple(found)


def _change(standing: Standing, judged: tuple[Outcome, ...], size: float) -> Change:
    measure, first = judged[0].measure, judged[0]
    better = (each for each in judged[1:] if measure.gain(first.value, each.value) >= size)
    first_better = next(better, None)
    values = [each.value for each in judged]
    return Change(
        first=first,
        latest=judged[-1],
        best=min(values) if measure.lower_is_better else max(values),
        size=size,
        row=measure.evidence[0] if measure.evidence else "",
        latest_after=standing.done_by(judged[-1].measured_at),
        better_after=standing.done_by(first_better.measured_at) if first_better else None,
    )


def _without_soreness(standing: Standing, outcomes: Sequence[Outcome], evidence: Evidence) -> Iterator[Outcome]:
    """All but what a patient wrote in the sore days after a needling, where it is worse than before. Source: E25."""
    rest = timedelta(hours=evidence["E25"].whole("rest_hours"))
    before: Outcome | None = None
    for each in outcomes:
        sore = any(treated < each.measured_at <= treated + rest for treated in standing.treated_at)
        worse = before is not None and each.measure.gain(before.value, each.value) < 0
        if each.by_patient and sore and worse:
            continue
        yield each
        before = each


def advise(standing: Standing, outcomes: Sequence[Outcome], evidence: Evidence) -> Advice | None:
    """What the measures advise, or None while too little was measured to say anything.

    Worse symptoms, or nothing gained within the window of E61, come first: then the course is not extended. Quick
    relief thins out sooner (E22), unless anything is worse or falls back. Everything else carries on.
    """
    changes = changes_of(standing, outcomes, evidence)
    if not changes:
        return None
    judged = _Judged(standing, changes, evidence)
    if judged.worse:
        return judged.stop_worse()
    if judged.no_progress:
        return judged.stop_unchanged()
    if judged.quick:
        return judged.taper()
    return judged.carry_on()


@dataclass(frozen=True)
class _Judged:
    standing: Standing
    changes: tuple[Change, ...]
    evidence: Evidence

    @property
    def measured_after(self) -> int:
        return max(change.latest_after for change in self.changes)

    @property
    def worse(self) -> tuple[Change, ...]:
        """The symptoms that got worse: pain in any case, others where nothing got better. Source: E61, J58."""
        worse = (each for each in self.changes if each.trend is Trend.WORSE and each.kind in _SYMPTOMS)
        return tuple(each for each in worse if each.kind is Kind.PAIN or not self.better)

    @property
    def better(self) -> tuple[Change, ...]:
        return tuple(each for each in self.changes if each.trend is Trend.BETTER)

    @property
    def window(self) -> tuple[int, int]:
        row = self.evidence["E61"]
        return row.whole("review_from"), row.whole("review_to")

    @property
    def no_progress(self) -> bool:
        """Counted by when it was measured: what nobody measured is no lack of progress."""
        return not self.better and self.measured_after >= self.window[0]

    @property
    def quick(self) -> tuple[Change, ...]:
        """What became better early, as long as frequent sessions lie ahead and nothing is worse or falls back."""
        if any(each.trend is Trend.WORSE or each.slipping for each in self.changes) or not self.thins_later:
            return ()
        by = self.evidence["J56"].whole("by_session")
        return tuple(each for each in self.better if each.better_after is not None and each.better_after <= by)

    @property
    def thins_later(self) -> bool:
        """Whether a frequent session lies ahead that could thin out."""
        border = taper_starts_at(self.standing.phases)
        intensive = [phase.sessions or 0 for phase in self.standing.phases if phase.name.value == "intensive"]
        ends = border - 1 if border else sum(intensive)
        return self.standing.sessions_ahead > 0 and 1 <= self.standing.done < ends

    def stop_worse(self) -> Advice:
        says = say("Symptoms got worse during treatment: do not extend the course, have it evaluated further.")
        reasons = [self.reason("E61", say("symptoms worsen: stop and refer")), *self.grounds(self.worse)]
        return self.advice(AdviceKind.STOP_AND_REFER, "worse", says, reasons, firm=True)

    def stop_unchanged(self) -> Advice:
        first, last = self.window
        after = self.measured_after
        over = after >= last
        says = say_many(
            "No progress that counts after %(num)s session: do not extend the course, have it evaluated further.",
            "No progress that counts after %(num)s sessions: do not extend the course, have it evaluated further.",
            after,
        )
        if not over:
            says = say(
                "No progress that counts after %(done)s sessions: review it now, and refer after session %(last)s "
                "at the latest.",
                done=after,
                last=last,
            )
        here = say("sessions %(first)s to %(last)s: stop and refer without progress", first=first, last=last)
        reasons = [self.reason("E61", here), *self.grounds(self.changes)]
        return self.advice(AdviceKind.STOP_AND_REFER, "over" if over else "window", says, reasons, firm=over)

    def taper(self) -> Advice:
        quick = self.quick
        by = self.evidence["J56"].whole("by_session")
        says = say("Relief came quickly: the visits can thin out from the next one on.")
        reasons = [
            self.reason("E22", say("quick relief: less often sooner")),
            self.reason("J56", say("within %(sessions)s sessions", sessions=by)),
            *self.grounds(quick),
        ]
        return self.advice(AdviceKind.TAPER_SOONER, "quick", says, reasons)

    def carry_on(self) -> Advice:
        first, last = self.window
        falling = tuple(each for each in self.changes if each.slipping or each.trend is Trend.WORSE)
        if falling:
            says = say("Something has fallen back: keep the rhythm and look at it again at the next session.")
            mixed = any(each.trend is Trend.WORSE for each in falling)
            why = self.reason("J58" if mixed else "J57", say("not thinned out sooner"))
            reasons = [why, *self.grounds(falling)]
            return self.advice(AdviceKind.CARRY_ON, "falling", says, reasons)
        if self.better:
            says = say("There is progress: carry on as planned.")
            reasons = [self.reason("E28", say("the rhythm stays as it is")), *self.grounds(self.better)]
            return self.advice(AdviceKind.CARRY_ON, "progress", says, reasons)
        if self.standing.done >= first:
            says = say("Measure again: the last values are older than the latest sessions.")
            reasons = [self.reason("E28", say("measured after session %(done)s", done=self.measured_after))]
            return self.advice(AdviceKind.CARRY_ON, "measure", says, reasons)
        says = say("Too early to tell: carry on, and do not thin out yet.")
        here = say("looked at after sessions %(first)s to %(last)s", first=first, last=last)
        reasons = [
            self.reason("E22", say("slow response: more frequent at first")),
            self.reason("E61", here),
            *self.grounds(self.changes),
        ]
        return self.advice(AdviceKind.CARRY_ON, "early", says, reasons)

    def reason(self, row: str, here: Text) -> Reason:
        return Reason(row, self.evidence[row].says, here)

    def grounds(self, changes: Sequence[Change]) -> list[Reason]:
        return [self.reason(change.row, change.says) for change in changes]

    def advice(
        self, kind: AdviceKind, stage: str, says: Text, reasons: Sequence[Reason], *, firm: bool = False
    ) -> Advice:
        trends = "\n".join(f"{each.first.thing}{each.trend}{each.slipping}" for each in self.changes)
        picture = hashlib.sha256(trends.encode()).hexdigest()[:16]
        decides = self.reason("E63", say("you decide"))
        return Advice(
            kind=kind,
            key=f"{kind.value}:{stage}:{picture}",
            title=_TITLES[kind],
            says=says,
            firm=firm,
            reasons=(*reasons, decides),
            changes=self.changes,
            measured_after=self.measured_after,
        )


_TITLES = {
    AdviceKind.TAPER_SOONER: say("Thin out sooner"),
    AdviceKind.CARRY_ON: say("Carry on"),
    AdviceKind.STOP_AND_REFER: say("Stop and refer"),
}

"""Phases in a form: rows as they were typed, read into phases or into what is wrong with each field."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeVar

from planner.care.course import MOST_SESSIONS, GapDays, Phase, PhaseName, check_phases, phases_to_json
from planner.care.reading import bare, read_whole
from planner.care.taper import taper_starts_at, with_taper_from
from planner.errors import InvalidInput
from planner.services.rhythms import UsualRhythm
from planner.web.numbers import whole
from planner.words import say

_Read = TypeVar("_Read")
_MOST_ROWS: Final = 12
_PARTS: Final = ("name", "sessions", "target", "min", "max")


@dataclass(frozen=True)
class PhaseRow:
    """One phase as it stands in the form; `sessions` empty means without an end."""

    name: str
    sessions: str
    target: str
    min: str
    max: str

    @classmethod
    def of(cls, phase: Phase) -> PhaseRow:
        """The row of a phase."""
        gap = phase.gap_days
        sessions = "" if phase.sessions is None else str(phase.sessions)
        return cls(phase.name.value, sessions, f"{gap.target:g}", str(gap.min), str(gap.max))


@dataclass(frozen=True)
class PhaseForm:
    """The rows and what is wrong with them, by field name; the whole course's fault stands under ""."""

    rows: tuple[PhaseRow, ...]
    errors: Mapping[str, str]
    phases: tuple[Phase, ...] = ()

    @property
    def outline(self) -> list[dict[str, object]]:
        """The phases in the shape of the estimate's JSON, for the macro that draws them."""
        return phases_to_json(self.phases)


@dataclass(frozen=True)
class Border:
    """Where the visits begin to thin out: the first such session, and between which ones it can be moved."""

    at: int
    least: int
    most: int


def border_of(phases: Sequence[Phase], done: int) -> Border | None:
    """The border of phases that can be moved, None where there is none.

    Args:
        done: sessions that were given; the border is not moved in among them.
    """
    at = taper_starts_at(phases)
    frequent = any(phase.name is PhaseName.INTENSIVE for phase in phases)
    if at is None or not frequent:
        return None
    last = sum(phase.sessions or 0 for phase in phases if phase.name is not PhaseName.MAINTENANCE)
    least = max(done + 1, 2)
    return Border(at, least, last) if least <= at and least < last else None


def moved_border(form: Mapping[str, str], phases: Sequence[Phase], done: int) -> tuple[Phase, ...] | None:
    """The phases with the border where the form's slider was put; None where it was left alone.

    The form carries where it stood as well (border-was), so that a number typed beside it is not undone by it.
    """
    border, wanted = border_of(phases, done), whole(form.get("border", ""))
    if border is None or wanted is None or form.get("border") == form.get("border-was"):
        return None
    gap = next(phase.gap_days for phase in phases if phase.name is PhaseName.TAPER)
    return with_taper_from(phases, min(max(wanted, border.least), border.most), gap)


def rows_of(phases: Sequence[Phase]) -> tuple[PhaseRow, ...]:
    """The rows to begin with."""
    return tuple(PhaseRow.of(phase) for phase in phases)


def typed_rows(form: Mapping[str, str]) -> tuple[PhaseRow, ...]:
    """The rows of a form: fields phase-0-name, phase-0-sessions, phase-0-target, phase-0-min, phase-0-max, phase-1-…"""
    rows = []
    for index in range(_MOST_ROWS):
        if field(index, "name") not in form:
            break
        values = {part: form.get(field(index, part), "").strip() for part in _PARTS}
        rows.append(PhaseRow(**values))
    return tuple(rows)


def changed_rows(rows: Sequence[PhaseRow], button: str, rhythms: Sequence[UsualRhythm]) -> tuple[PhaseRow, ...] | None:
    """The rows after a button that edits them: add, remove-INDEX, or RHYTHM-INDEX; None for any other button."""
    verb, _, text = button.rpartition("-")
    if button == "add":
        last = rows[-1] if rows else PhaseRow("intensive", "", "", "", "")
        return (*rows, replace(last, sessions="1"))[:_MOST_ROWS]
    index = whole(text)
    if index is None or index >= len(rows):
        return None
    if verb == "remove":
        return (*rows[:index], *rows[index + 1 :])
    gap = next((rhythm.gap for rhythm in rhythms if rhythm.key == verb), None)
    if gap is None:
        return None
    fitted = replace(rows[index], target=f"{gap.target:g}", min=str(gap.min), max=str(gap.max))
    return (*rows[:index], fitted, *rows[index + 1 :])


def read_rows(rows: Sequence[PhaseRow]) -> PhaseForm:
    """Read the rows; every wrong field is named, not only the first."""
    errors: dict[str, str] = {}
    phases = [phase for index, row in enumerate(rows) if (phase := _phase(row, index, errors)) is not None]
    if not errors:
        try:
            check_phases(phases)
        except InvalidInput as refusal:
            errors[field(int(refusal.field), "name") if refusal.field else ""] = refusal.message
    return PhaseForm(tuple(rows), errors, () if errors else tuple(phases))


def field(index: int, part: str) -> str:
    """The name of a field: phase-0-target."""
    return f"phase-{index}-{part}"


def _phase(row: PhaseRow, index: int, errors: dict[str, str]) -> Phase | None:
    here: dict[str, str] = {}
    name = _read(lambda: _name(row.name), field(index, "name"), here)
    sessions = _read(lambda: _sessions(row.sessions), field(index, "sessions"), here)
    target = _read(lambda: _number(row.target, float), field(index, "target"), here)
    least = _read(lambda: _number(row.min, int), field(index, "min"), here)
    most = _read(lambda: _number(row.max, int), field(index, "max"), here)
    errors.update(here)
    if here or name is None or target is None or least is None or most is None:
        return None
    try:
        return Phase(name, sessions, GapDays(target, int(least), int(most)))
    except InvalidInput as refusal:
        errors[field(index, refusal.field or "name")] = bare(refusal)
        return None


def _read(read: Callable[[], _Read], name: str, errors: dict[str, str]) -> _Read | None:
    try:
        return read()
    except InvalidInput as refusal:
        errors[name] = refusal.message
        return None


def _name(text: str) -> PhaseName:
    try:
        return PhaseName(text)
    except ValueError:
        raise InvalidInput(say("Choose intensive, taper or maintenance.")) from None


def _sessions(text: str) -> int | None:
    return read_whole(int(_number(text, int)), 1, MOST_SESSIONS) if text else None


def _number(text: str, kind: Callable[[str], float]) -> float:
    try:
        return kind(text.replace(",", "."))
    except ValueError:
        raise InvalidInput(
            say("Write a whole number.") if kind is int else say("Write a number, such as 3.5.")
        ) from None

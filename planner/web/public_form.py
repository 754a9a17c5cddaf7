"""The public form: the assessment in a patient's words, a first day and a time zone; nothing of it is kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cache
from typing import Final
from zoneinfo import ZoneInfo, available_timezones

from planner.care.fields import ASSESSMENT_FIELDS, FieldDescription
from planner.errors import InvalidInput
from planner.services.quick_plan import QuickPlan, quick_plan
from planner.services.typical_hours import TypicalHours
from planner.web.assessment_form import AssessmentForm, options, read_assessment_form
from planner.words import say

USUAL_ZONE: Final = "Europe/London"
# How a patient would be asked what the form of therapists asks in their own words.
_IN_PLAIN_WORDS: Final = {
    "pain_sensitivity": (
        say("How sensitive to pain are you?"),
        say("Be honest: gentle treatment takes a little longer."),
    ),
    "healing_response": (say("How fast did treatment help before?"), say("This or another treatment, if you had any.")),
    "twitch_response": (
        say("If you were needled before: did the muscle twitch?"),
        say("A short jerk that you can't hold back."),
    ),
    "exercise_adherence": (say("Your exercises at home"), say("How far you do them as you were shown.")),
    "trigger_points": (say("How many sore knots does the muscle have?"), say("Many: several of them, or deep ones.")),
    "attendance": (say("Can you come regularly?"), say("Long gaps between visits cost progress.")),
}


@dataclass(frozen=True)
class Question:
    """One question with its answers, (value, label)."""

    described: FieldDescription
    answers: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class PublicForm:
    """What was typed, and what follows from it.

    Args:
        plan: None where something is missing or wrong.
        typed: every field as it was sent.
        errors: by field.
    """

    assessment: AssessmentForm
    typed: Mapping[str, str]
    errors: Mapping[str, str]
    plan: QuickPlan | None = None


@cache
def questions(*, required: bool) -> tuple[Question, ...]:
    """The questions that must, or may, be answered."""
    asked = [_in_plain_words(each) for each in ASSESSMENT_FIELDS if each.required is required]
    return tuple(Question(each, _answers(each)) for each in asked)


@cache
def zones() -> tuple[tuple[str, str], ...]:
    """(name, words) of the zones named after a city, by continent."""
    named = sorted(name for name in available_timezones() if "/" in name and not name.startswith("Etc/"))
    return tuple((name, name.replace("_", " ").replace("/", " – ")) for name in ("UTC", *named))


def empty_form(now: datetime) -> PublicForm:
    """Nothing answered yet; the first day is tomorrow."""
    return PublicForm(read_assessment_form({}), _with_defaults({}, now), {})


def read_form(form: Mapping[str, str], now: datetime) -> PublicForm:
    """What was sent, and the plan it makes where all is answered."""
    assessment, typed = read_assessment_form(form), _with_defaults(form, now)
    if assessment.assessment is None:
        return PublicForm(assessment, typed, assessment.errors)
    try:
        hours = TypicalHours(timezone=typed["timezone"])
        plan = quick_plan(assessment.assessment, _first_day(typed["from_day"], now, hours.zone), hours)
    except InvalidInput as refusal:
        return PublicForm(assessment, typed, {refusal.field or "": refusal.message})
    return PublicForm(assessment, typed, {}, plan)


def _with_defaults(form: Mapping[str, str], now: datetime) -> dict[str, str]:
    tomorrow = now.astimezone(ZoneInfo(USUAL_ZONE)).date() + timedelta(days=1)
    return {
        **read_assessment_form(form).typed,
        "from_day": form.get("from_day", "").strip() or tomorrow.isoformat(),
        "timezone": form.get("timezone", "").strip() or USUAL_ZONE,
    }


def _first_day(text: str, now: datetime, zone: ZoneInfo) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise InvalidInput(say("Write the day like 2026-03-02."), field="from_day") from None
    today = now.astimezone(zone).date()
    if not today <= day <= today + timedelta(days=366):
        raise InvalidInput(say("The first day can be today or within the next year."), field="from_day")
    return day


def _in_plain_words(described: FieldDescription) -> FieldDescription:
    label, help_text = _IN_PLAIN_WORDS.get(described.name, (described.label, described.help))
    return replace(described, label=label, help=help_text)


def _answers(described: FieldDescription) -> tuple[tuple[str, str], ...]:
    return tuple((value, label if value else say("I don't know")) for value, label in options(described))

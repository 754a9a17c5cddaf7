"""`estimate` and `plan`: from an assessment file to numbers, dates and a calendar file, without a database."""

import json
from datetime import date, datetime
from pathlib import Path

import click

from planner.care.assessment import Assessment
from planner.care.course import Phase
from planner.care.estimate import estimate as estimate_for
from planner.care.estimate_values import Estimate
from planner.clock import SystemClock
from planner.commands.files import check_can_write, check_not_same, contents_of, read_json, write_whole
from planner.services.quick_plan import PlannedDate, QuickPlan, plan_ics, quick_plan
from planner.services.typical_hours import TypicalHours

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")

HOURS_HELP = """\b
HOURS.json says when the clinic works; weekday 0 is Monday, times lie on the quarter of an hour:
  {"timezone": "Europe/London", "country": "GB", "subdivision": "SCT",
   "practitioners": [{"id": "ben", "name": "Ben", "hours": [{"weekday": 0, "from": "08:00", "to": "12:30"}]}],
   "rooms": [{"id": "room-1"}],
   "closures": [{"first_day": "2026-12-24", "last_day": "2027-01-02"}]}
Without country public holidays are worked; without rooms there is one; a room without hours is always open.
"""


class _Day(click.ParamType[date]):
    """A day such as 2026-03-02."""

    name = "YYYY-MM-DD"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> date:
        try:
            return datetime.strptime(str(value), "%Y-%m-%d").date()  # noqa: DTZ007 - a day has no zone
        except ValueError:
            self.fail(f"{value!r} is no day; write it like 2026-03-02.", param, ctx)


@click.command()
@click.argument("assessment")
@click.option("--json", "as_json", is_flag=True, help="Write JSON for a program.")
def estimate(assessment: str, as_json: bool) -> None:
    """Say how many sessions a patient probably needs, and why. ASSESSMENT is a JSON file, or - for standard input."""
    found = estimate_for(_assessment(assessment))
    click.echo(_json(found.to_json()) if as_json else "\n".join([*_summary(found), "", *_reasons(found)]))


@click.command(epilog=HOURS_HELP)
@click.argument("assessment")
@click.option("--from", "from_day", type=_Day(), required=True, help="The first session is not before this day.")
@click.option("--hours", "hours_file", metavar="HOURS.json", help="The clinic's week; else Mon-Fri 08:00-18:00.")
@click.option("--ics", type=click.Path(path_type=Path), metavar="FILE", help="Also write the dates as a calendar file.")
@click.option("--json", "as_json", is_flag=True, help="Write JSON for a program.")
def plan(assessment: str, from_day: date, hours_file: str | None, ics: Path | None, as_json: bool) -> None:
    """Find the best dates for a course in typical opening hours; nothing is booked. ASSESSMENT is a JSON file, or -."""
    if ics is not None:
        check_can_write(ics)
        check_not_same(assessment, ics)
        check_not_same(hours_file, ics)
    found = quick_plan(_assessment(assessment), from_day, _hours(hours_file))
    if ics is not None:
        write_whole(ics, plan_ics(found, SystemClock().now()))
    click.echo(_json(found.to_json()) if as_json else "\n".join([*_summary(found.estimate), "", *_table(found)]))


def _assessment(name: str) -> Assessment:
    data = read_json(name)
    with contents_of(name):
        return Assessment.from_json(data)


def _hours(name: str | None) -> TypicalHours | None:
    if name is None:
        return None
    data = read_json(name)
    with contents_of(name):
        return TypicalHours.from_json(data)


def _json(data: object) -> str:
    return json.dumps(data, indent=2, ensure_ascii=False)


def _summary(found: Estimate) -> list[str]:
    sessions, weeks = found.sessions, found.weeks
    reviews = ", ".join(str(number) for number in found.review_at_sessions)
    return [
        f"Sessions   {sessions.low} to {sessions.high}, expected {sessions.expected}",
        f"Weeks      {weeks.low} to {weeks.high}",
        f"Visits     {found.first_visit_minutes} minutes the first time, then {found.visit_minutes}",
        *([f"Reviews    at session {reviews}"] if reviews else []),
        *(f"{phase.name.value.capitalize():<10} {_phase(phase)}" for phase in found.phases),
    ]


def _phase(phase: Phase) -> str:
    gap = phase.gap_days
    much = "open-ended" if phase.sessions is None else f"{phase.sessions} session{'' if phase.sessions == 1 else 's'}"
    return f"{much}, every {gap.target:g} days ({gap.min} to {gap.max})"


def _reasons(found: Estimate) -> list[str]:
    return ["Why", *(f"  {reason.evidence:<4} {reason.effect}: {reason.says}" for reason in found.reasons)]


def _table(found: QuickPlan) -> list[str]:
    lines = [_line(each) for each in found.dates]
    unplaced = [f"{number:>3}  no date: {reason}" for number, reason in found.unplaced]
    return [f"Dates      wall-clock time in {found.hours.timezone}", *lines, *unplaced]


def _line(each: PlannedDate) -> str:
    day = f"{DAYS[each.starts_at.weekday()]} {each.starts_at:%Y-%m-%d %H:%M}"
    gap = "" if each.gap_days is None else f"{each.gap_days} days after, wanted {each.wanted_days:g}"
    return f"{each.number:>3}  {day}  {each.minutes:>3} min  {each.phase:<11} {each.practitioner:<20} {gap}".rstrip()

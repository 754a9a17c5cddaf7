"""Two managers have the same form of settings open: the second is told, loses nothing, and may insist."""

import re
from dataclasses import dataclass
from html import unescape

import html5lib
import pytest

from planner.errors import StaleForm
from planner.services import services_offered
from planner.services.hours_view import hours_desk
from planner.services.new_hours import NewWeek, record_hours
from planner.services.services_offered import ServiceDetails
from tests.factories import weekly
from tests.web.test_owner_settings import POLICIES

HOURS = {f"day_{weekday}": "08:00–18:00" for weekday in range(5)}


@dataclass(frozen=True)
class Case:
    """A form of settings.

    Args:
        path: where it is, with the ids of the clinic's things.
        first: what the first manager sends; `second`: what the other one writes into the same fields.
        told: what stands at each field in which the two differ.
        wrong: one entry that is refused.
    """

    path: str
    first: dict[str, str]
    second: dict[str, str]
    told: dict[str, str]
    wrong: dict[str, str]


PERSON = {"name": "Ben Okafor", "email": "ben@example.org", "role": "therapist", "treats": "1", "language": ""}
CLINIC = {
    "name": "Northside", "address": "1 High Street", "phone": "1", "email": "", "country": "GB", "subdivision": "",
    "timezone": "Europe/London", "language": "en", "currency": "GBP",
}  # fmt: skip
SERVICE = {"name": "Dry needling", "protocol": "", "first_minutes": "60", "visit_minutes": "45", "fee": ""}
EVIDENCE = {"E1.sessions_low": "3", "E1.sessions_high": "6", "E1.weeks_low": "2", "E1.weeks_high": "3"}
LETTER = {"kind": "reminder", "language": "en", "do": "keep", "closing": "Bye"}
CASES = {
    "policies": Case(
        "/settings/policies",
        POLICIES,
        {**POLICIES, "notice_hours": "1", "displacing": "any"},
        {"notice_hours": "Now it is: 48", "displacing": "Now it is: Visits that are not confirmed"},
        {"notice_hours": "many"},
    ),
    "service": Case(
        "/settings/services/{service}",
        {**SERVICE, "visit_minutes": "40"},
        {**SERVICE, "name": "Needles", "protocol": "chronic_pain"},
        {"name": "Now it is: Dry needling", "visit_minutes": "Now it is: 40", "protocol": "Now it is: Anything"},
        {"visit_minutes": "481"},
    ),
    "room": Case(
        "/settings/rooms/{room}",
        {"name": "Blue room", "day_0": "9-12"},
        {"name": "Green room", "day_0": "", "day_1": "13-17"},
        {"name": "Now it is: Blue room", "day_0": "Now it is: 09:00–12:00", "day_1": "Now it is empty."},
        {"day_0": "nine"},
    ),
    "person": Case(
        "/settings/staff/{ben}",
        {**PERSON, "name": "Benedict Okafor"},
        {**{name: value for name, value in PERSON.items() if name != "treats"}, "role": "reception"},
        {
            "name": "Now it is: Benedict Okafor",
            "role": "Now it is: Therapist",
            "treats": "Now it is: Yes",
        },
        {"email": "nowhere"},
    ),
    "clinic": Case(
        "/settings/clinic",
        CLINIC,
        {**CLINIC, "name": "Southside", "phone": "2", "currency": ""},
        {"name": "Now it is: Northside", "phone": "Now it is: 1", "currency": "Now it is: GBP – British Pound"},
        {"language": "xx"},
    ),
    "evidence": Case(
        "/settings/evidence/row?row_id=E1",
        {**EVIDENCE, "E1.says": "", "reason": "Our audit"},
        {**EVIDENCE, "E1.sessions_high": "9", "E1.says": "Up to nine.\r\nOr so.", "reason": "My audit"},
        {"E1.sessions_high": "Now it is: 6", "E1.says": "Now it is empty."},
        {"reason": " "},
    ),
    "letter": Case(
        "/settings/letters",
        {**LETTER, "opening": "Hello\r\n<b>there</b>"},
        {**LETTER, "opening": "Good day", "closing": ""},
        {"opening": "Now it is: Hello\n<b>there</b>", "closing": "Now it is: Bye"},
        {"opening": "x" * 601},
    ),
    "hours": Case(
        "/hours",
        {"staff_id": "{ben}", "first_day": "2026-03-09", **HOURS, "day_0": "10-18", "do": "record"},
        {"staff_id": "{ben}", "first_day": "2026-03-09", **HOURS, "day_4": "", "do": "record"},
        {"day_0": "Now it is: 10:00–18:00", "day_4": "Now it is: 08:00–18:00"},
        {"day_0": "nine"},
    ),
}


@pytest.fixture(params=CASES)
def case(request, runtime, clinic):
    """Each form, with the ids of what there is."""
    services_offered.add(runtime, clinic.mo.actor, ServiceDetails("Dry needling", None, 60, 45))
    (service,) = services_offered.service_desk(runtime, clinic.mo.actor).services
    ids = {"service": str(service.id), "room": str(clinic.rooms[0]), "ben": str(clinic.ben.id)}
    found = CASES[request.param]
    with_ids = [{name: value.format(**ids) for name, value in form.items()} for form in (found.first, found.second)]
    return Case(found.path.format(**ids), *with_ids, found.told, found.wrong)


@pytest.fixture
def mo(browser_of, clinic):
    """The manager's browser."""
    return browser_of(clinic.mo)


def opened(mo, case):
    """What the form carries along when it is opened."""
    where = {name: case.first[name] for name in ("kind", "language", "staff_id") if name in case.first}
    return seen(mo.get(case.path, query_string=where if "?" not in case.path else None).text)


def seen(page):
    """What the form of a page carries along."""
    return re.search(r'name="seen" value="([^"]+)"', page)[1]


def element(page, field):
    """A field, or what stands at it."""
    return html5lib.parse(page, namespaceHTMLElements=False).find(f".//*[@id='{field}']")


def typed(page, name):
    """What a form shows in a field: the text, the choice, or whether it is ticked."""
    tree = html5lib.parse(page, namespaceHTMLElements=False)
    (form,) = [each for each in tree.iter("form") if each.find(".//*[@name='seen']") is not None][-1:]
    fields = [each for each in form.iter() if each.get("name") == name and each.get("type") != "hidden"]
    first = fields[0]
    if first.tag == "select":
        return next((each.get("value") for each in first.iter("option") if "selected" in each.attrib), "")
    if first.tag == "textarea":
        return (first.text or "").lstrip("\n")
    if first.get("type") in ("radio", "checkbox"):
        return next((each.get("value") for each in fields if "checked" in each.attrib), "")
    return first.get("value")


def test_the_second_is_told_of_the_first_keeps_what_was_typed_and_may_insist(mo, case):
    """409, the present state at each field that differs, and the same form sent again is kept."""
    carried = opened(mo, case)
    assert mo.post(case.path, {**case.first, "seen": carried}).status_code == 302
    answer = mo.post(case.path, {**case.second, "seen": carried})
    assert answer.status_code == 409
    assert "What you wrote is still here" in unescape(answer.text)
    at_fields = set(re.findall(r'id="([\w.]+)-error"', answer.text))
    assert at_fields == set(case.told)
    for field, words in case.told.items():
        assert "".join(element(answer.text, f"{field}-error").itertext()).endswith(words)
        wanted = case.second.get(field, "").replace("13-17", "13:00–17:00").replace("\r\n", "\n")
        assert typed(answer.text, field) == wanted
    assert seen(answer.text) not in ("", carried)
    assert mo.post(case.path, {**case.second, "seen": seen(answer.text)}).status_code == 302
    assert opened(mo, case) not in (carried, seen(answer.text))


def test_a_form_that_was_refused_for_a_fault_still_knows_what_it_was_made_from(mo, case):
    """Else the first manager's change would be lost by the second one's slip of a finger."""
    carried = opened(mo, case)
    assert mo.post(case.path, {**case.first, "seen": carried}).status_code == 302
    wrong = mo.post(case.path, {**case.second, **case.wrong, "seen": carried})
    if wrong.status_code == 409:
        # The fault would have been found only after a look at what there is; that was told first.
        assert "What you wrote is still here" in unescape(wrong.text)
        return
    assert wrong.status_code == 422
    assert seen(wrong.text) == carried
    assert mo.post(case.path, {**case.second, "seen": seen(wrong.text)}).status_code == 409


def test_hours_that_change_in_the_last_moment_are_not_written_over(mo, runtime, clinic):
    """Between the look at the form and the lock of the diary; a plan made beside the page is no exception."""
    shown = hours_desk(runtime, clinic.mo.actor)
    day = shown.today.replace(day=9)
    week = NewWeek(clinic.ben.id, day, tuple(weekly("09:00", "17:00")), shown.seen_of(clinic.ben.id))
    assert NewWeek.from_json(week.to_json()) == week
    record_hours(runtime, clinic.mo.actor, week)
    with pytest.raises(StaleForm):
        record_hours(runtime, clinic.mo.actor, week)

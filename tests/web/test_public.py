"""The first page anyone sees: questions, an estimate with reasons, dates, a file; and the evidence."""

import html
import logging
import re
from datetime import timedelta

import pytest
from icalendar import Calendar
from sqlalchemy import event

from planner.care.evidence import Evidence
from planner.storage.people import ClinicRow
from tests.web.test_every_page import check_html

ANSWERS = {"protocol": "chronic_pain", "symptom_weeks": "40", "severity": "moderate", "goal": "lasting"}


def words(answer):
    """The page as a person reads it, on one line."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", answer.text)).split())


def starts(answer):
    """The dates of the list."""
    return re.findall(r'<time datetime="([^"]+)"', answer.text)


def test_the_first_page_asks_four_questions_and_says_what_it_is(client):
    """Anybody may see it; what is optional is folded away."""
    answer = client.get("/")
    assert answer.status_code == 200
    seen = words(answer)
    assert "How many sessions might I need?" in seen
    assert "An estimate is advice, never a decision" in seen
    assert "It appears here as soon as these are answered" in seen
    assert "10 more questions, all optional" in seen
    assert "Staff sign-in" in seen


def test_answers_give_a_number_its_reasons_and_dates(client):
    """Without a script: the whole page again, with the answers kept."""
    answer = client.post("/estimate", ANSWERS)
    assert answer.status_code == 200
    check_html(answer.text, whole=True)
    seen = words(answer)
    assert "9 sessions expected, 8 to 10 possible" in seen
    assert "over 8–12 weeks" in seen
    assert 'href="/evidence#E2"' in answer.text
    assert "Tue 3 Mar, 08:00" in seen
    assert len(starts(answer)) >= 9
    assert re.search(r'value="chronic_pain"[^>]* checked', answer.text)
    assert "Nothing is booked" in seen


def test_the_live_update_is_only_the_result(client):
    """The same fragment serves the page and htmx."""
    answer = client.post("/estimate", ANSWERS, headers={"HX-Request": "true"})
    assert answer.status_code == 200
    assert answer.text.lstrip().startswith('<div id="result"')
    check_html(answer.text, whole=False)
    waiting = client.post("/estimate", {"protocol": "chronic_pain"}, headers={"HX-Request": "true"})
    assert waiting.status_code == 200
    assert "For how many weeks?" in words(waiting)
    assert "What is treated?" not in words(waiting)


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("goal", "", "What is the goal? Choose an answer."),
        ("symptom_weeks", "-1", "This must be between 0 and 5200."),
        ("symptom_weeks", "many", "no number"),
        ("severity", "terrible", "none of"),
        ("age", "300", "between 0 and 120"),
        ("from_day", "soon", "Write the day like"),
        ("from_day", "2020-01-01", "within the next year"),
        ("from_day", "9999-12-31", "within the next year"),
        ("timezone", "Europe/Atlantis", "There is no time zone"),
        ("timezone", "../../etc/passwd", "There is no time zone"),
    ],
)
def test_nonsense_is_refused_at_its_field_and_the_rest_is_kept(client, field, value, says):
    """422 with a summary that leads to the field."""
    answer = client.post("/estimate", {**ANSWERS, field: value})
    assert answer.status_code == 422
    assert says in words(answer)
    assert f'href="#{field}"' in answer.text
    assert re.search(r'value="chronic_pain"[^>]* checked', answer.text)
    check_html(answer.text, whole=True)


def test_a_contradiction_is_said_and_not_refused(client):
    """Pain for months that is two weeks old."""
    answer = client.post("/estimate", {**ANSWERS, "symptom_weeks": "2"})
    assert answer.status_code == 200
    assert "Please check" in words(answer)


def test_what_was_typed_is_never_markup(client):
    """A script stays text."""
    answer = client.post("/estimate", {**ANSWERS, "symptom_weeks": "<script>alert(1)</script>"})
    assert "<script>alert" not in answer.text


def test_the_file_has_the_dates_of_the_page(client):
    """Neutral titles, as an attachment."""
    shown = client.post("/estimate", ANSWERS)
    answer = client.post("/dates.ics", ANSWERS)
    assert answer.headers["Content-Disposition"] == 'attachment; filename="dates.ics"'
    events = Calendar.from_ical(answer.data).walk("VEVENT")
    assert sorted({each["dtstart"].dt.isoformat(timespec="minutes") for each in events}) == sorted(set(starts(shown)))
    assert {str(each["summary"]) for each in events} == {"Appointment"}


def test_a_file_without_answers_is_refused_with_the_page(client):
    """Nobody gets a broken file."""
    answer = client.post("/dates.ics", {"protocol": "chronic_pain"})
    assert answer.status_code == 422
    assert "How many sessions might I need?" in words(answer)


def test_the_first_day_and_the_zone_are_followed(client, clock):
    """The plan begins no earlier, on that zone's clocks."""
    first = (clock.now() + timedelta(days=30)).date()
    answer = client.post("/estimate", {**ANSWERS, "from_day": first.isoformat(), "timezone": "America/New_York"})
    assert min(starts(answer)) >= first.isoformat()
    assert min(starts(answer)).endswith("-04:00")


def test_an_address_that_was_kept_begins_anew(client):
    """The answers stand in no address."""
    answer = client.get("/estimate")
    assert answer.status_code == 302
    assert answer.location == "/"


def test_nothing_of_the_answers_is_stored_or_logged(client, runtime, caplog):
    """Not one statement reaches the database, not one answer the log."""
    caplog.set_level(logging.DEBUG)
    seen = []
    event.listen(runtime.database.engine, "before_cursor_execute", lambda *args: seen.append(args[2]))
    client.post("/estimate", ANSWERS)
    client.post("/dates.ics", ANSWERS)
    assert seen == []
    assert "chronic_pain" not in caplog.text


def test_every_row_of_evidence_has_its_anchor_and_judgement_says_so(client):
    """What an estimate links to is there."""
    answer = client.get("/evidence")
    known = Evidence.load()
    for row in known:
        assert f'id="{row.id}"' in answer.text
    assert answer.text.count("Our judgement<") == sum(row.judgement for row in known)


def test_a_clinics_people_see_their_own_numbers(browser_of, runtime, clinic):
    """The reasons on their pages lead here."""
    with runtime.writing(clinic.system) as unit:
        unit.session.get(ClinicRow, clinic.id).evidence_overrides = {"E70": {"says": "Sore is fine, says our clinic."}}
    assert "says our clinic" in words(browser_of(clinic.ben).get("/evidence"))
    assert "says our clinic" not in words(browser_of(None).get("/evidence"))

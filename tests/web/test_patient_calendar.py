"""The patient’s calendar page: an address of their own, how to use it, and the file to download."""

import html
import re

import pytest
from icalendar import Calendar

from planner.languages import texts
from planner.services import feeds
from planner.services.runtime import Actor
from planner.storage.people import PatientRow
from tests.web.ana_course import book_ana
from tests.web.test_every_page import check_html
from tests.web.test_patient import PLAN, words


@pytest.fixture
def course(runtime, clinic):
    """Ana's booked course."""
    return book_ana(runtime, clinic)


def test_the_calendar_page_makes_an_address_and_shows_every_way_to_use_it(client, runtime, clinic, course):
    """Apple, Google, Outlook, any other, the address to copy, a QR code; it opens the feed."""
    assert "Make my calendar address" in words(client.get(f"{PLAN}/calendar"))
    answer = client.post(f"{PLAN}/calendar", follow_redirects=True)
    text = html.unescape(answer.text)
    address = re.search(r'value="(http[^"]+/f/[^"]+\.ics)"', text).group(1)
    assert f'href="webcal://{address.removeprefix("http://")}"' in text
    assert "https://calendar.google.com/calendar/r?cid=webcal" in text
    assert "https://outlook.live.com/calendar" in text
    assert 'class="qr"' in text
    assert "every 8 to 24 hours" in text
    assert client.get(address.removeprefix(runtime.base_url)).status_code == 200
    check_html(answer.text, whole=True)


@pytest.mark.parametrize(
    ("device", "first"),
    [
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X)", "Apple Calendar"),
        ("Mozilla/5.0 (Linux; Android 14)", "Google Calendar"),
        ("", "Google Calendar"),
    ],
)
def test_the_readers_own_kind_of_calendar_comes_first(client, course, device, first):
    """One tap on this phone."""
    client.post(f"{PLAN}/calendar")
    text = client.get(f"{PLAN}/calendar", headers={"User-Agent": device}).text
    assert re.search(r'class="button primary full"[^>]*>([^<]+)<', text).group(1) == first


def test_another_browser_is_not_shown_the_address_but_can_replace_it(client, browser_of, runtime, clinic, course):
    """The server itself does not know it any more; a replaced one is not shown as if it worked."""
    client.post(f"{PLAN}/calendar")
    assert "/f/" in client.get(f"{PLAN}/calendar").text
    other = browser_of(None)
    seen = other.get(f"{PLAN}/calendar")
    assert "/f/" not in seen.text
    assert "shown only once" in words(seen)
    other.post(f"{PLAN}/calendar")
    assert "/f/" not in client.get(f"{PLAN}/calendar").text


@pytest.mark.parametrize("language", ["en", "de", "es"])
def test_the_calendar_page_quotes_what_the_patients_calendar_really_shows(client, runtime, clinic, course, language):
    """To the letter, in the language of their calendar; and nothing where they let it tell more."""
    with runtime.writing(clinic.system) as unit:
        unit.get(PatientRow, clinic.ana).language = language
    says = texts(language).gettext("Each visit is called “%(title)s”.")
    before, after = says.split("%(title)s")
    (quoted,) = re.findall(f"{before}(.+?){after}", words(client.get(f"{PLAN}/calendar")))
    client.post(f"{PLAN}/calendar")
    page = client.get(f"{PLAN}/calendar")
    path = re.search(r'value="http://[^/]+(/f/[^"]+\.ics)"', page.text).group(1)
    assert {str(event["summary"]) for event in Calendar.from_ical(client.get(path).data).walk("VEVENT")} == {quoted}
    assert says % {"title": quoted} in words(page)
    ana = Actor(clinic_id=clinic.id, name="patient", patient_id=clinic.ana)
    feeds.create_feed(runtime, ana, patient_id=clinic.ana, privacy="full")
    assert before not in words(client.get(f"{PLAN}/calendar"))


def test_the_page_says_when_the_calendar_last_looked(client, runtime, clinic, clock, course):
    """In plain words, with the program's name."""
    address = feeds.create_feed(runtime, clinic.rosa.actor, patient_id=clinic.ana)
    client.get(address.removeprefix(runtime.base_url), headers={"User-Agent": "Google-Calendar-Importer"})
    assert "Your calendar last looked on Mon 2 Mar, 08:00 (Google Calendar)" in words(client.get(PLAN))


def test_the_file_to_download_has_the_visits_ahead(client, course):
    """As an attachment with a neutral name, without a calendar's name."""
    answer = client.get(f"{PLAN}/plan.ics")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="appointments.ics"'
    assert len(Calendar.from_ical(answer.data).walk("VEVENT")) == len(course.now().live)
    assert b"X-WR-CALNAME" not in answer.data


def test_a_file_without_any_visit_is_refused_with_the_page(client, clinic):
    """An empty calendar would be no valid file."""
    answer = client.get(f"{PLAN}/plan.ics")
    assert answer.status_code == 422
    assert "no appointment to download" in words(answer)

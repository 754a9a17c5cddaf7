"""CalDAV, read only: what each question is answered, and what is refused."""

from urllib.parse import urlsplit
from xml.etree import ElementTree

import pytest

from planner.calendars.dav import CAL, CS, DAV
from planner.services import attendance, feeds
from tests.web.ana_course import book_ana

ASK = (
    '<propfind xmlns="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav" xmlns:cs="http://calendarserver.org/ns/">'
    "<prop><resourcetype/><displayname/><sync-token/><cs:getctag/><c:calendar-home-set/><getetag/></prop></propfind>"
)
SYNC = '<sync-collection xmlns="DAV:"><sync-token>{token}</sync-token><prop><getetag/></prop></sync-collection>'
QUERY = (
    '<c:calendar-query xmlns="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav"><prop><getetag/><c:calendar-data/></prop>'
    '<c:filter><c:comp-filter name="VCALENDAR"><c:comp-filter name="{kind}"><c:time-range start="{start}" end="{end}"/>'
    "</c:comp-filter></c:comp-filter></c:filter></c:calendar-query>"
)
MULTIGET = (
    '<c:calendar-multiget xmlns="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav"><prop><c:calendar-data/></prop>'
    "{hrefs}</c:calendar-multiget>"
)


@pytest.fixture
def course(runtime, clinic):
    """Ana's booked course."""
    return book_ana(runtime, clinic)


@pytest.fixture
def home(runtime, clinic, course):
    """Where her calendar's home is."""
    address = feeds.create_feed(runtime, clinic.rosa.actor, patient_id=clinic.ana)
    return f"/dav/{feeds.token_in(urlsplit(address).path)}/"


def ask(client, method, path, body="", **headers):
    """One request; the status and the XML."""
    answer = client.raw.open(path, method=method, data=body, headers=headers)
    return answer.status_code, _xml(answer)


def _xml(answer):
    return ElementTree.fromstring(answer.data) if answer.status_code == 207 else None  # noqa: S314 - our own answer


def hrefs(answer):
    """The paths of all responses."""
    return [response.findtext(f"{DAV}href") for response in answer.iter(f"{DAV}response")]


def token_of(client, home):
    """The sync token and the ctag."""
    _, answer = ask(client, "PROPFIND", f"{home}calendar/", ASK, Depth="0")
    return answer.findtext(f".//{DAV}sync-token"), answer.findtext(f".//{CS}getctag")


def test_a_program_finds_the_calendar_from_its_home(client, home):
    """The home is its own principal, and holds one calendar."""
    status, answer = ask(client, "PROPFIND", home, ASK, Depth="1")
    assert status == 207
    assert hrefs(answer) == [home, f"{home}calendar/"]
    assert answer.findtext(f".//{CAL}calendar-home-set/{DAV}href") == home
    assert answer.find(f".//{DAV}resourcetype/{CAL}calendar") is not None


def test_every_session_is_one_resource_whose_file_is_the_one_reported(client, home, course):
    """By PROPFIND, multiget and GET alike."""
    _, answer = ask(client, "PROPFIND", f"{home}calendar/", ASK, Depth="1")
    paths = hrefs(answer)[1:]
    assert len(paths) == len(course.now().live)
    wanted = "".join(f"<href>{path}</href>" for path in [*paths, f"{home}calendar/nothing.ics"])
    status, answer = ask(client, "REPORT", f"{home}calendar/", MULTIGET.format(hrefs=wanted))
    data = [element.text for element in answer.iter(f"{CAL}calendar-data")]
    assert status == 207
    assert data[0].replace("\r\n", "\n") == client.get(paths[0]).text.replace("\r\n", "\n")
    assert len(data) == len(paths)
    assert "404" in answer[-1].findtext(f"{DAV}status")


@pytest.mark.parametrize(
    ("kind", "start", "end", "number"),
    [("VEVENT", 0, 1, 1), ("VEVENT", 1, 2, 1), ("VEVENT", 0, 3, 3), ("VTODO", 0, 3, 0)],
)
def test_a_query_finds_what_touches_its_time(client, home, course, kind, start, end, number):
    """Half-open; and there are no tasks here."""
    starts = [f"{session.current.starts_at:%Y%m%dT%H%M%SZ}" for session in course.now().live]
    body = QUERY.format(kind=kind, start=starts[start], end=starts[end])
    _, answer = ask(client, "REPORT", f"{home}calendar/", body)
    assert len(hrefs(answer)) == number


def test_a_sync_tells_all_then_nothing_and_after_a_change_to_begin_anew(client, home, runtime, clinic, course):
    """Which RFC 6578 has a word for."""
    _, answer = ask(client, "REPORT", f"{home}calendar/", SYNC.format(token=""))
    assert len(hrefs(answer)) == len(course.now().live)
    token, ctag = token_of(client, home)
    assert answer.findtext(f"{DAV}sync-token") == token
    _, answer = ask(client, "REPORT", f"{home}calendar/", SYNC.format(token=token))
    assert hrefs(answer) == []
    attendance.cancel(runtime, clinic.rosa.actor, course.appointment(3).id)
    refused = client.raw.open(f"{home}calendar/", method="REPORT", data=SYNC.format(token=token))
    assert refused.status_code == 403
    assert b"valid-sync-token" in refused.data
    assert token_of(client, home)[1] != ctag


@pytest.mark.parametrize(
    "method", ["PUT", "DELETE", "POST", "PROPPATCH", "MKCALENDAR", "MKCOL", "MOVE", "COPY", "LOCK"]
)
def test_writing_is_refused(client, home, course, method):
    """403, and nothing changed."""
    before = course.now()
    assert client.raw.open(f"{home}calendar/x.ics", method=method, data="x").status_code == 403
    assert course.now() == before


@pytest.mark.parametrize(
    "body",
    [
        "not xml",
        '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><propfind xmlns="DAV:"><prop>&b;</prop></propfind>',
        "<a>" * 100_000,
    ],
)
def test_a_broken_question_is_refused(client, home, body):
    """400, before anything is built from it."""
    for method in ("PROPFIND", "REPORT"):
        assert ask(client, method, f"{home}calendar/", body)[0] == 400


def test_options_say_what_can_be_done(client, home):
    """So that a program knows it may not write."""
    answer = client.raw.open(home, method="OPTIONS")
    assert answer.headers["DAV"] == "1, calendar-access"
    assert "PUT" not in answer.headers["Allow"]


@pytest.mark.parametrize("path", ["nowhere/", "calendar/nothing.ics", "calendar/../x"])
def test_what_is_not_there_is_404(client, home, path):
    """As everywhere."""
    assert ask(client, "PROPFIND", home + path)[0] == 404

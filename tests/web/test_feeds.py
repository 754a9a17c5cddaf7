"""What calendar programs get over HTTP from a secret address."""

import gzip
import logging
from dataclasses import replace
from datetime import timedelta
from email.utils import format_datetime, parsedate_to_datetime
from urllib.parse import urlsplit

import pytest

from planner.app import create_app
from planner.services import attendance, feeds
from planner.services.feed_memory import FeedMemory
from planner.web.context import DOOR
from planner.web.feed_answer import Asked, FeedDoor
from planner.web.watching import HEADER
from tests.web.ana_course import book_ana
from tests.web.browser_without_screen import Browser


@pytest.fixture
def course(runtime, clinic):
    """Ana's booked course."""
    return book_ana(runtime, clinic)


@pytest.fixture
def path(runtime, clinic, course):
    """The path of her feed."""
    return urlsplit(feeds.create_feed(runtime, clinic.rosa.actor, patient_id=clinic.ana)).path


def test_point_14_a_feed_has_the_headers_that_calendar_programs_need(client, path):
    """A type, an entity tag, a date; no file name, no reference to where it came from."""
    answer = client.get(path)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/calendar; charset=utf-8"
    assert answer.headers["ETag"].startswith('"')
    assert parsedate_to_datetime(answer.headers["Last-Modified"])
    assert "Content-Disposition" not in answer.headers
    assert answer.headers["Cache-Control"] == "private, no-cache"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "Set-Cookie" not in answer.headers


def test_point_14_head_says_the_same_without_the_bytes(client, path):
    """Some programs look before they fetch."""
    whole, head = client.get(path), client.raw.head(path)
    assert head.status_code == 200
    assert head.data == b""
    for name in ("ETag", "Last-Modified", "Content-Type", "Content-Length"):
        assert head.headers[name] == whole.headers[name]


@pytest.mark.parametrize("accept", [None, "text/html", "application/json", "nonsense"])
def test_point_14_what_a_program_accepts_does_not_matter(client, path, accept):
    """Google sends nothing, others everything."""
    answer = client.get(path, headers={"Accept": accept} if accept else {})
    assert answer.data.startswith(b"BEGIN:VCALENDAR\r\n")


def test_point_15_an_unchanged_feed_is_not_sent_again(client, path, clock):
    """By its tag, weak or in a list, and by its date where no tag is sent."""
    first = client.get(path)
    clock.advance(hours=1)
    dated = client.get(path).headers["Last-Modified"]
    tag = first.headers["ETag"]
    for headers in ({"If-None-Match": tag}, {"If-None-Match": f'"x", W/{tag}'}, {"If-Modified-Since": dated}):
        answer = client.get(path, headers=headers)
        assert answer.status_code == 304
        assert answer.data == b""
        assert answer.headers["ETag"] == tag


def test_point_15_a_changed_feed_is_sent_to_whoever_has_the_old_one(client, path, runtime, clinic, clock, course):
    """Also when it changes in the very second in which it was fetched."""
    old = client.get(path).headers
    attendance.cancel(runtime, clinic.rosa.actor, course.appointment(3).id)
    for headers in ({"If-None-Match": old["ETag"]}, {"If-Modified-Since": old["Last-Modified"]}):
        assert client.get(path, headers=headers).status_code == 200
    clock.advance(hours=1)
    assert client.get(path, headers={"If-Modified-Since": old["Last-Modified"]}).status_code == 200


def test_point_15_the_tag_wins_over_the_date(client, path, clock):
    """RFC 9110: where both are sent the date is not looked at."""
    later = format_datetime(clock.now() + timedelta(days=1), usegmt=True)
    answer = client.get(path, headers={"If-None-Match": '"another"', "If-Modified-Since": later})
    assert answer.status_code == 200


def test_a_feed_is_never_dated_in_the_future(client, path, clock):
    """An answer can't be younger than the moment it is given."""
    assert parsedate_to_datetime(client.get(path).headers["Last-Modified"]) <= clock.now()


def test_point_18_a_replaced_address_is_answered_as_nonsense_is(client, path, runtime, clinic):
    """Byte for byte, so that nobody learns which ones once worked."""
    feeds.create_feed(runtime, clinic.rosa.actor, patient_id=clinic.ana)
    replaced, nonsense = client.get(path), client.get("/f/nonsense.ics")
    assert replaced.status_code == nonsense.status_code == 404
    assert replaced.data == nonsense.data


def test_point_18_no_address_reaches_the_log(client, path, caplog):
    """Neither one that works nor a wrong one."""
    caplog.set_level(logging.DEBUG)
    client.get(path)
    client.get("/f/a-wrong-secret.ics")
    assert "/f/<token>.ics" in caplog.text
    assert path not in caplog.text
    assert "a-wrong-secret" not in caplog.text


def test_point_17_the_patient_learns_when_their_calendar_last_asked(client, path, runtime, clinic, clock):
    """Noted after the answer, also when that was 304."""
    tag = client.get(path, headers={"User-Agent": "Mozilla/5.0 Thunderbird/153.7"}).headers["ETag"]
    clock.advance(minutes=20)
    assert client.get(path, headers={"If-None-Match": tag, "User-Agent": "vdirsyncer/0.21"}).status_code == 304
    with runtime.reading(clinic.rosa.actor) as unit:
        state = feeds.feed_state(unit, patient_id=clinic.ana)
    assert (state.fetched_at, state.fetched_by) == (clock.now(), "vdirsyncer")


def test_point_14_robots_are_not_kept_from_feeds(client):
    """Google's importer obeys robots.txt and would refuse the calendar."""
    answer = client.get("/robots.txt")
    assert "/f/" not in answer.text


def test_point_15_a_feed_is_packed_for_whoever_takes_it_and_has_a_tag_of_its_own_then(client, path):
    """A strong tag names bytes, and these are others; a copy of either kind is recognised."""
    plain = client.get(path)
    packed = client.get(path, headers={"Accept-Encoding": "gzip, deflate"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.data) == plain.data
    assert packed.headers["ETag"] != plain.headers["ETag"]
    assert plain.headers["Vary"] == packed.headers["Vary"] == "Accept-Encoding"
    for tag in (plain.headers["ETag"], packed.headers["ETag"]):
        assert client.get(path, headers={"If-None-Match": tag}).status_code == 304


def test_point_15_packing_can_be_switched_off(runtime, config, path):
    """Old programs say they take it, and then can't."""
    plain = Browser(create_app(runtime, replace(config, feed_gzip=False)))
    answer = plain.get(path, headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in answer.headers
    assert answer.data.startswith(b"BEGIN:VCALENDAR")


NOTHING_KEPT = Asked(None, None, None)


@pytest.mark.sqlite  # Nobody glances at a server: it may be slow or away.
def test_point_16_the_short_way_gives_only_what_is_right(app, client, path, runtime, clinic, clock, course):
    """Not before the first fetch, nor when one has to be noted again, after a change, or at the address's end."""
    door = app.extensions[DOOR]
    assert door.at_once(path, NOTHING_KEPT) is None
    first = client.get(path)
    answer = door.at_once(path, NOTHING_KEPT)
    assert (answer.status, answer.body) == (200, first.data)
    # A number for each would have to be put into what is kept ready.
    assert dict(answer.headers) == {name: value for name, value in first.headers.items() if name != HEADER}
    assert door.at_once(path, Asked(first.headers["ETag"], None, None)).status == 304
    clock.advance(minutes=15)
    assert door.at_once(path, NOTHING_KEPT) is None
    assert client.get(path).data == first.data
    attendance.cancel(runtime, clinic.rosa.actor, course.appointment(3).id)
    assert door.at_once(path, NOTHING_KEPT) is None
    assert client.get(path).data != first.data
    assert door.at_once(path, NOTHING_KEPT).status == 200
    feeds.create_feed(runtime, clinic.rosa.actor, patient_id=clinic.ana)
    assert door.at_once(path, NOTHING_KEPT) is None


@pytest.mark.sqlite  # Nobody glances at a server: it may be slow or away.
def test_point_18_what_fails_on_the_short_way_goes_the_long_one_and_no_address_is_logged(client, path, runtime, caplog):
    """A server would write the address beside the error."""

    class Torn(FeedMemory):
        """It fails when it is asked."""

        def known(self, *_):
            raise RuntimeError("torn")

    client.get(path)
    door = FeedDoor(lambda *_: [b"inside"], runtime, Torn(), may_pack=True, encrypted=False)
    assert door({"REQUEST_METHOD": "GET", "PATH_INFO": path}, None) == [b"inside"]
    assert "torn" in caplog.text
    assert path not in caplog.text

"""The links by which each program subscribes."""

from urllib.parse import parse_qs, urlsplit

import pytest

from planner.calendars.links import is_public_address, subscribe_links, webcal_url

FEED = "https://clinic.example/feeds/to-ken_1.ics"
LOCAL = "http://127.0.0.1:8000/feeds/t.ics"


def test_point_17_every_program_has_its_link() -> None:
    """webcal for Apple and Android, Google's cid, both Outlooks, and the plain address."""
    urls = {link.program: link.url for link in subscribe_links(FEED, "Riverside Clinic")}
    assert urls == {
        "apple": "webcal://clinic.example/feeds/to-ken_1.ics",
        "google": "https://calendar.google.com/calendar/r?cid=webcal%3A%2F%2Fclinic.example%2Ffeeds%2Fto-ken_1.ics",
        "outlook": "https://outlook.live.com/calendar/0/addfromweb"
        "?url=https%3A%2F%2Fclinic.example%2Ffeeds%2Fto-ken_1.ics&name=Riverside%20Clinic",
        "office": "https://outlook.office.com/calendar/0/addfromweb"
        "?url=https%3A%2F%2Fclinic.example%2Ffeeds%2Fto-ken_1.ics&name=Riverside%20Clinic",
        "android": "webcal://clinic.example/feeds/to-ken_1.ics",
        "other": FEED,
    }


def test_point_17_google_is_given_the_webcal_address() -> None:
    """It refuses an https one."""
    google = next(link for link in subscribe_links(FEED, "Clinic") if link.program == "google")
    assert parse_qs(urlsplit(google.url).query) == {"cid": ["webcal://clinic.example/feeds/to-ken_1.ics"]}


@pytest.mark.parametrize("name", ["A & B", "Zoë + Co", "#1 clinic?", "診療所"])
def test_point_17_outlook_gets_the_name_whole(name: str) -> None:
    """Whatever characters it has."""
    outlook = next(link for link in subscribe_links(FEED, name) if link.program == "outlook")
    assert parse_qs(urlsplit(outlook.url).query) == {"url": [FEED], "name": [name]}


def test_point_17_the_true_refresh_times_are_told() -> None:
    """As people report them, not as our hint would like it."""
    hours = {link.program: link.refresh_hours for link in subscribe_links(FEED, "Clinic")}
    assert hours["google"] == (8, 24)
    assert hours["outlook"] == hours["office"] == (3, 24)
    assert hours["apple"] is None


def test_a_plain_local_address_keeps_its_port() -> None:
    """The demo runs there."""
    assert webcal_url(LOCAL) == "webcal://127.0.0.1:8000/feeds/t.ics"


def test_programs_that_fetch_from_their_own_servers_say_so() -> None:
    """They can't reach an address inside the clinic."""
    assert [link.program for link in subscribe_links(LOCAL, "Clinic") if link.needs_public_address] == [
        "google",
        "outlook",
        "office",
    ]


@pytest.mark.parametrize(
    ("url", "public"),
    [
        (FEED, True),
        ("https://93.184.216.34/f.ics", True),
        (LOCAL, False),
        ("http://localhost:8000/f.ics", False),
        ("http://planner/f.ics", False),
        ("http://planner.local/f.ics", False),
        ("http://192.168.1.5/f.ics", False),
        ("http://[::1]:8000/f.ics", False),
        ("http://[2606:4700::1]/f.ics", True),
    ],
)
def test_an_address_inside_the_clinic_is_known_as_such(url: str, public: bool) -> None:
    """So that the page offers no link that can't work."""
    assert is_public_address(url) is public


@pytest.mark.parametrize("url", ["webcal://clinic.example/f.ics", "clinic.example/f.ics", "javascript:alert(1)"])
def test_an_address_that_is_not_on_the_web_is_a_bug(url: str) -> None:
    """Links are made from the feed's own address."""
    with pytest.raises(ValueError, match="web address"):
        subscribe_links(url, "Clinic")

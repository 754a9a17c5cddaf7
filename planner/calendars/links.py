"""Turns a feed's address into the links by which each calendar program subscribes to it."""

from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final
from urllib.parse import quote, urlencode, urlsplit

from planner.calendars.event import check_url

_GOOGLE: Final = "https://calendar.google.com/calendar/r"
_OUTLOOK: Final = "https://outlook.live.com/calendar/0/addfromweb"
_OFFICE: Final = "https://outlook.office.com/calendar/0/addfromweb"
# RFC 6761, RFC 6762, RFC 8375, and the name set aside for private use.
_LOCAL_ENDINGS: Final = (".localhost", ".local", ".home.arpa", ".internal", ".test", ".invalid")


@dataclass(frozen=True)
class SubscribeLink:
    """One way to subscribe.

    Args:
        program: key of the program, which is also the key of its help text: "apple", "android", "google",
            "outlook", "office" or "other".
        url: what the link opens; for "other" the address to copy.
        refresh_hours: fewest and most hours between two fetches as people report them, or None where the
            reader sets it.
        needs_public_address: the program's own servers fetch the feed, so an address inside the clinic's network
            or on this computer can't work.
    """

    program: str
    url: str
    refresh_hours: tuple[int, int] | None
    needs_public_address: bool


def webcal_url(feed_url: str) -> str:
    """The feed's address under the webcal scheme, which opens the reader's own calendar program.

    Raises:
        ValueError: the address is not http or https.
    """
    check_url(feed_url)
    return "webcal://" + feed_url.partition("://")[2]


def subscribe_links(feed_url: str, name: str) -> tuple[SubscribeLink, ...]:
    """Every way to subscribe to the feed, in the order to show them.

    Google is given the webcal address: it refuses an https one in `cid`.

    Args:
        feed_url: the feed's full address, http or https, port included where it has one.
        name: the calendar's name, for the programs that ask for it.
    Raises:
        ValueError: the address is not http or https.
    """
    webcal = webcal_url(feed_url)
    from_web = urlencode({"url": feed_url, "name": name}, quote_via=quote, safe="")
    return (
        SubscribeLink("apple", webcal, None, needs_public_address=False),
        SubscribeLink("google", f"{_GOOGLE}?cid={quote(webcal, safe='')}", (8, 24), needs_public_address=True),
        SubscribeLink("outlook", f"{_OUTLOOK}?{from_web}", (3, 24), needs_public_address=True),
        SubscribeLink("office", f"{_OFFICE}?{from_web}", (3, 24), needs_public_address=True),
        SubscribeLink("android", webcal, None, needs_public_address=False),
        SubscribeLink("other", feed_url, None, needs_public_address=False),
    )


def is_public_address(feed_url: str) -> bool:
    """Whether a program on the internet may reach the address, as far as the address itself tells."""
    host = urlsplit(feed_url).hostname or ""
    try:
        return ip_address(host).is_global
    except ValueError:
        return "." in host and not host.endswith(_LOCAL_ENDINGS)

"""How to put a calendar address into one's own program: the reader's own kind first, and a QR code."""

from dataclasses import dataclass
from typing import Final

import segno

from planner.calendars.links import SubscribeLink, is_public_address, subscribe_links, webcal_url
from planner.words import say

_LABELS: Final = {
    "apple": "Apple Calendar",
    "google": "Google Calendar",
    "outlook": "Outlook.com",
    "office": say("Outlook at work (Microsoft 365)"),
    "android": say("Another app on this phone or computer"),
}
# Parts of the User-Agent, lower case, and the program that most people have there.
_DEVICES: Final = (("iphone", "apple"), ("ipad", "apple"), ("android", "google"), ("mac os x", "apple"))
_USUAL: Final = "google"


@dataclass(frozen=True, slots=True)
class WayToSubscribe:
    """One program: what the button says and opens, and how fresh the calendar will be there."""

    program: str
    label: str
    url: str
    help: str


@dataclass(frozen=True, slots=True)
class QrCode:
    """A QR code as one SVG path in a square of `size` modules, its quiet zone included."""

    size: int
    path: str


@dataclass(frozen=True, slots=True)
class Subscribing:
    """All that the page shows of one address.

    Args:
        ways: the reader's own kind first.
        public: whether programs on the internet can reach the address.
    """

    address: str
    ways: tuple[WayToSubscribe, ...]
    qr: QrCode
    public: bool


def subscribing(address: str, name: str, user_agent: str) -> Subscribing:
    """The ways to subscribe to a calendar address, for this reader's device.

    Args:
        name: the calendar's, for the programs that ask for it.
    """
    links = [_way(link) for link in subscribe_links(address, name) if link.program != "other"]
    own = _own_program(user_agent)
    # Sorting keeps the order of the others.
    ways = tuple(sorted(links, key=lambda way: way.program != own))
    return Subscribing(address, ways, qr_code(webcal_url(address)), is_public_address(address))


def qr_code(text: str) -> QrCode:
    """The text as a QR code that survives a scratched screen."""
    code = segno.make(text, error="m", micro=False)
    rows = list(code.matrix_iter(border=4))
    path = "".join(f"M{x} {y}h1v1h-1z" for y, row in enumerate(rows) for x, dark in enumerate(row) if dark)
    return QrCode(len(rows), path)


def _way(link: SubscribeLink) -> WayToSubscribe:
    return WayToSubscribe(link.program, _LABELS[link.program], link.url, _help(link))


def _help(link: SubscribeLink) -> str:
    low, high = link.refresh_hours or (0, 0)
    if link.program == "apple":
        return say("iPhone, iPad and Mac. Looks again as often as its settings say, every 15 minutes at best.")
    if link.program == "google":
        return say(
            "Opens Google Calendar in the browser; the phone follows. Looks again every %(low)s to %(high)s hours.",
            low=low,
            high=high,
        )
    if link.program == "android":
        return say("For Thunderbird, GNOME Calendar, ICSx⁵ and others. Looks again as often as you set it there.")
    return say("Opens Outlook on the web. Looks again every %(low)s to %(high)s hours.", low=low, high=high)


def _own_program(user_agent: str) -> str:
    lowered = user_agent.casefold()
    return next((program for part, program in _DEVICES if part in lowered), _USUAL)

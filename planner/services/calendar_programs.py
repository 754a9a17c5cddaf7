"""Calendar programs in plain words, by what they call themselves when they fetch a calendar."""

from typing import Final

from planner.words import say

# A part of the User-Agent, lower case, and the program people know; the first that fits counts.
_PROGRAMS: Final = (
    ("google-calendar", "Google Calendar"),
    ("googlebot", "Google Calendar"),
    ("microsoft.exchange", "Outlook"),
    ("microsoft exchange", "Outlook"),
    ("outlook", "Outlook"),
    ("microsoft office", "Outlook"),
    ("thunderbird", "Thunderbird"),
    ("evolution", "GNOME Calendar"),
    ("icsx5", say("ICSx⁵ on Android")),
    ("davx5", say("DAVx⁵ on Android")),
    ("dataaccessd", say("Apple Calendar on a phone or tablet")),
    ("ios/", say("Apple Calendar on a phone or tablet")),
    ("calendaragent", say("Apple Calendar on a Mac")),
    ("macos/", say("Apple Calendar on a Mac")),
    ("mac os x/", say("Apple Calendar on a Mac")),
    ("yahoo", "Yahoo Calendar"),
    ("fantastical", "Fantastical"),
    ("vdirsyncer", "vdirsyncer"),
    ("khal", "khal"),
    ("calcurse", "calcurse"),
    ("korganizer", "KOrganizer"),
    ("nextcloud", "Nextcloud"),
    ("mozilla/", say("a web browser")),
)


def program_name(user_agent: str) -> str:
    """The program in words, "Google Calendar"; "a calendar program" for one that is unknown or hides its name."""
    lowered = user_agent.casefold()
    return next((name for part, name in _PROGRAMS if part in lowered), say("a calendar program"))

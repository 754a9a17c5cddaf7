"""Time zone rules: the newest at hand, the system's or the packaged ones, for diary and calendars alike."""

import zoneinfo
from pathlib import Path

import tzdata


def prefer_newest_rules() -> None:
    """Let every ZoneInfo of this process follow the packaged rules where the system's are older.

    zoneinfo reads the system's files first, and a system that is not updated knows nothing of a country that changed
    its clocks this year: its clinics would be an hour wrong. Call before the first ZoneInfo is made.
    """
    if system_version() < tzdata.IANA_VERSION:
        zoneinfo.reset_tzpath(to=())
        zoneinfo.ZoneInfo.clear_cache()


def system_version() -> str:
    """The edition of the system's rules, such as "2025b"; empty if it has none or does not say."""
    for folder in zoneinfo.TZPATH:
        listing = Path(folder) / "tzdata.zi"
        if listing.is_file():
            with listing.open(encoding="ascii", errors="replace") as lines:
                return lines.readline().removeprefix("# version ").strip()
    return ""

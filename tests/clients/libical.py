"""libical, the C library of Evolution and GNOME Calendar: reads our files, and keeps invitations by its own rules."""

from __future__ import annotations

from collections.abc import Iterator
from ctypes import CDLL, RTLD_GLOBAL, Structure, c_char_p, c_int, c_int64, c_void_p
from datetime import UTC, datetime
from functools import cache
from typing import Any

# Debian's package libical3, which `make test` installs.
_LIBRARY, _RULES = "libical.so.3", "libicalss.so.3"
_TAKEN_IN = {"REQUEST-NEW", "REQUEST-UPDATE", "REQUEST-RESCHEDULE", "CANCEL-EVENT"}


class _Time(Structure):
    """`struct icaltimetype`."""

    _fields_ = (
        *((name, c_int) for name in ("year", "month", "day", "hour", "minute", "second", "is_date", "is_daylight")),
        ("zone", c_void_p),
    )


@cache
def _libraries() -> tuple[CDLL, CDLL]:
    library = CDLL(_LIBRARY, mode=RTLD_GLOBAL)
    rules = CDLL(_RULES)
    signatures: dict[str, tuple[Any, ...]] = {
        "icalparser_parse_string": (c_void_p, c_char_p),
        "icalcomponent_string_to_kind": (c_int, c_char_p),
        "icalproperty_string_to_kind": (c_int, c_char_p),
        "icalproperty_enum_to_string": (c_char_p, c_int),
        "icalproperty_get_value_as_string": (c_char_p, c_void_p),
        "icalcomponent_count_errors": (c_int, c_void_p),
        "icalcomponent_get_first_component": (c_void_p, c_void_p, c_int),
        "icalcomponent_get_next_component": (c_void_p, c_void_p, c_int),
        "icalcomponent_get_first_property": (c_void_p, c_void_p, c_int),
        "icalcomponent_get_uid": (c_char_p, c_void_p),
        "icalcomponent_get_summary": (c_char_p, c_void_p),
        "icalcomponent_get_dtstart": (_Time, c_void_p),
        "icalcomponent_get_dtend": (_Time, c_void_p),
        "icalcomponent_as_ical_string": (c_char_p, c_void_p),
        "icaltime_as_timet_with_zone": (c_int64, _Time, c_void_p),
    }
    for name, (result, *arguments) in signatures.items():
        _declare(library, name, result, arguments)
    _declare(rules, "icalclassify", c_int, [c_void_p, c_void_p, c_char_p])
    for answer in ("accept", "decline"):
        _declare(rules, f"icalmessage_new_{answer}_reply", c_void_p, [c_void_p, c_char_p, c_char_p])
    return library, rules


def _declare(library: CDLL, name: str, result: Any, arguments: list[Any]) -> None:
    function = getattr(library, name)
    function.restype, function.argtypes = result, arguments


def _parsed(data: bytes) -> int:
    library, _ = _libraries()
    calendar: int = library.icalparser_parse_string(data)
    assert calendar and library.icalcomponent_count_errors(calendar) == 0, data.decode()
    return calendar


def _events(calendar: int) -> Iterator[int]:
    library, _ = _libraries()
    kind = library.icalcomponent_string_to_kind(b"VEVENT")
    event = library.icalcomponent_get_first_component(calendar, kind)
    while event:
        yield event
        event = library.icalcomponent_get_next_component(calendar, kind)


def events(data: bytes) -> list[tuple[datetime, datetime, str, str, bool]]:
    """(start, end, uid, title, cancelled) of each event; times in UTC, taken by the file's own VTIMEZONEs."""
    return [_seen(event) for event in _events(_parsed(data))]


def _seen(event: int) -> tuple[datetime, datetime, str, str, bool]:
    library, _ = _libraries()
    times = (library.icalcomponent_get_dtstart(event), library.icalcomponent_get_dtend(event))
    starts_at, ends_at = (
        datetime.fromtimestamp(library.icaltime_as_timet_with_zone(time, time.zone), UTC) for time in times
    )
    status = library.icalcomponent_get_first_property(event, library.icalproperty_string_to_kind(b"STATUS"))
    cancelled = library.icalproperty_get_value_as_string(status) == b"CANCELLED"
    uid, title = library.icalcomponent_get_uid(event), library.icalcomponent_get_summary(event)
    return starts_at, ends_at, uid.decode(), title.decode(), cancelled


class Store:
    """What a patient's program keeps of the invitations that come, each judged by libical's own rules of iTIP.

    Args:
        user: the patient's mail address.
    """

    def __init__(self, user: str) -> None:
        self._user = user.encode()
        self._kept: dict[str, int] = {}

    def take(self, invitation: bytes) -> str:
        """Take an invitation in, or leave it where libical calls it obsolete; gives libical's word for it."""
        library, rules = _libraries()
        calendar = _parsed(invitation)
        (event,) = _events(calendar)
        uid = library.icalcomponent_get_uid(event).decode()
        kind = rules.icalclassify(calendar, self._kept.get(uid), self._user)
        word: str = library.icalproperty_enum_to_string(kind).decode()
        if word in _TAKEN_IN:
            self._kept[uid] = calendar
        return word

    def shows(self) -> dict[str, tuple[datetime, datetime]]:
        """Start and end of what stands, by uid."""
        seen = (_seen(event) for calendar in self._kept.values() for event in _events(calendar))
        return {uid: (starts_at, ends_at) for starts_at, ends_at, uid, _, cancelled in seen if not cancelled}

    def answer(self, uid: str, answer: str) -> bytes:
        """The REPLY that libical writes to the invitation it keeps: answer is "accept" or "decline"."""
        library, rules = _libraries()
        make = getattr(rules, f"icalmessage_new_{answer}_reply")
        written: bytes = library.icalcomponent_as_ical_string(make(self._kept[uid], self._user, b""))
        return written

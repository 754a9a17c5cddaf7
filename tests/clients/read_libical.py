"""Reads a calendar from standard input with libical, the C library, and prints one line of JSON an event.

Times are taken by the file's own VTIMEZONEs, as Evolution and GNOME Calendar take them.
"""

import ctypes
from ctypes import c_int, c_void_p

_EVENT, _DTEND_STATUSES = 4, {10042: "CONFIRMED", 10044: "CANCELLED"}


class IcalTime(ctypes.Structure):
    """`struct icaltimetype`."""

    _fields_ = (
        *((name, c_int) for name in ("year", "month", "day", "hour", "minute", "second", "is_date", "is_daylight")),
        ("zone", c_void_p),
    )

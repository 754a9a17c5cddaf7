"""Names, notes and wishes of 200 characters that a page, a mail or a calendar could stumble over: who is called what.

Each begins with letters of its own, so that a place which shows only a part of it is found.
"""

from dataclasses import dataclass
from typing import Final

from sqlalchemy import update

from planner.services.runtime import Runtime
from planner.storage.calendars import BusyCalendarRow
from planner.storage.courses import AssessmentRow, CourseRow
from planner.storage.people import ClinicRow, PatientRow, RoomRow, ServiceRow, StaffRow
from planner.storage.progress import NoteRow
from tests.factories import Clinic

LENGTH: Final = 200
_ARABIC, _HEBREW = "عبد الرحمن بن عوف", "יעל בת־שבע לוי־כהן"
_FAMILY = "\U0001f469\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466"
_MARKS = "Zal\u0301\u0323\u0308\u0330go\u0301\u0323\u0308"


def _long(begin: str, more: str) -> str:
    """The beginning and as much of the rest, over and over, as fits; it ends in a letter, not in half of one."""
    return (begin + more * LENGTH)[: LENGTH - 1].rstrip().ljust(LENGTH, "z")


@dataclass(frozen=True)
class Hostile:
    """Words and the letters that they begin with."""

    mark: str
    words: str


PATIENT: Final = Hostile(
    "Qxa",
    _long('Qxa <script>alert(1)</script><img src=x onerror=alert(2)> "O\'Neil" {{ 7*7 }} & ', f"{_ARABIC} {_MARKS} "),
)
STAFF: Final = Hostile("Qxb", _long("Qxb", "W"))
ROOM: Final = Hostile("Qxc", _long("Qxc ", f"{_ARABIC} "))
SERVICE: Final = Hostile("Qxd", _long("Qxd", _FAMILY))
CLINIC: Final = Hostile("Qxe", _long("Qxe ", f"{_HEBREW}, "))
NOTE: Final = Hostile("Qxf", _long("Qxf =cmd|' /C calc'!A0 \u2028@SUM(1) ", f"{_MARKS}{_HEBREW} "))
WISH: Final = Hostile(
    "Qxg", _long("Qxg +1 -1 %s </textarea></title> ", f"{_FAMILY} Donaudampfschifffahrtsgesellschaftskapitän ")
)
EVERYBODY: Final = (PATIENT, STAFF, ROOM, SERVICE, CLINIC, NOTE, WISH)


def rename(runtime: Runtime, clinic: Clinic, name: str = CLINIC.words) -> None:
    """Everybody and everything of a clinic is called that, past all checks of forms, as an import may leave it."""
    with runtime.writing(clinic.system) as unit:
        for row, values in (
            (PatientRow, {"name": PATIENT.words, "notes": NOTE.words, "phone": ""}),
            (StaffRow, {"name": STAFF.words}),
            (RoomRow, {"name": ROOM.words}),
            (ServiceRow, {"name": SERVICE.words}),
            (CourseRow, {"wish_note": WISH.words}),
            (AssessmentRow, {"notes": NOTE.words}),
            (NoteRow, {"text": NOTE.words}),
            (BusyCalendarRow, {"name": ROOM.words}),
            (ClinicRow, {"name": name, "address": ROOM.words}),
        ):
            unit.session.execute(update(row).values(**values))

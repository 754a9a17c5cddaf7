"""The clinic's own facts: policies, staff, rooms, opening hours, closures, leave.

Every function but `create_clinic` works inside a transaction which the caller opened, so that a use case can change a
fact and repair the courses it touches in one go. A manager may do all of it, and so may the program itself.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, time, timedelta
from typing import Final, Literal, cast, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError

from planner.diary.hours import Closure, Leave, WeeklyHours, public_holidays
from planner.errors import InvalidInput
from planner.scheduling.words import day, moment
from planner.services import accounts, sessions
from planner.services.runtime import Role, Runtime, Unit
from planner.storage.opening import ClosureRow, HoursRow, LeaveRow
from planner.storage.people import ClinicRow, RoomRow, StaffRow
from planner.words import Text, say

NAME_LENGTH_MAX: Final = 200
ROLES: Final[tuple[str, ...]] = get_args(Role)
_ANY_DAY: Final = date(2026, 1, 1)
# Nobody sees them, yet names need them: the joiners in Persian and Hindi and in some emoji, the direction marks in
# Arabic and Hebrew beside other letters, the tags in the flags of England, Scotland and Wales.
_UNSEEN: Final = re.compile("[\u200c\u200d\u200e\u200f\U000e0020-\U000e007f]")
DISPLACING: Final = ("never", "unconfirmed", "any")
Level = Literal["off", "propose", "apply"]
LEVELS: Final[tuple[Level, ...]] = get_args(Level)
# What the planner can do by itself, each at a level of its own, the last one unless the clinic says otherwise.
AUTOMATED: Final[Mapping[str, tuple[Level, ...]]] = {
    "miss": LEVELS,
    "cancel": LEVELS,
    "leave": LEVELS,
    "backfill": LEVELS,
}
# Patients are written to about free places only where somebody has said so.
_UNLESS_SAID: Final[Mapping[str, Level]] = {"backfill": "propose"}
# Which policies a manager may set, and between which whole numbers.
POLICY_LIMITS: Final = {
    "notice_hours": (0, 336),
    "grace_minutes": (0, 1440),
    "hold_minutes": (0, 1440),
    "reminder_hours": (1, 336),
    "horizon_days": (28, 366),
    "keep_cancelled_days": (0, 366),
    "offer_hours": (1, 168),
}


@dataclass(frozen=True)
class NewClinic:
    """What must be known of a clinic; its policies start with the defaults of `ClinicRow`.

    Args:
        timezone: IANA name, e.g. "Europe/London".
        country: ISO 3166-1 alpha-2 code, for public holidays.
        subdivision: the region's code within the country, e.g. "ENG"; None for holidays kept everywhere.
    Raises:
        InvalidInput: naming the field no diary could be computed from.
    """

    name: str
    timezone: str
    country: str
    subdivision: str | None = None
    address: str = ""
    phone: str = ""
    email: str = ""

    def __post_init__(self) -> None:
        """Refuse a nameless clinic, and one whose wall clock or public holidays nobody knows."""
        checked_name(self.name)
        try:
            ZoneInfo(self.timezone)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise InvalidInput(
                say("“%(timezone)s” is no time zone. Use a name such as Europe/London.", timezone=self.timezone)
                if self.timezone
                else say("Choose the time zone."),
                field="timezone",
            ) from error
        public_holidays(self.country, self.subdivision, _ANY_DAY, _ANY_DAY)


def create_clinic(runtime: Runtime, new: NewClinic) -> int:
    """Open a clinic; gives its id. Its staff are added as `Actor.system` of that clinic."""
    row = ClinicRow(
        name=checked_name(new.name), timezone=new.timezone, country=new.country, subdivision=new.subdivision,
        address=new.address, phone=new.phone, email=new.email,
    )  # fmt: skip
    with runtime.database.writing(None) as session:
        session.add(row)
    return row.id


def change_policies(unit: Unit, **policies: int) -> None:
    """Set some of the clinic's policies, e.g. `notice_hours=48`.

    Raises:
        InvalidInput: no such policy, or a number outside its limits; `field` names it.
    """
    manage(unit)
    for name, value in policies.items():
        if name not in POLICY_LIMITS:
            raise InvalidInput(say("There is no policy “%(name)s”.", name=name), field=name)
        low, high = POLICY_LIMITS[name]
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise InvalidInput(
                say("This must be a whole number from %(low)s to %(high)s.", low=low, high=high), field=name
            )
    for name, value in policies.items():
        setattr(unit.clinic, name, value)
    unit.audit("change policies", f"clinic/{unit.clinic.id}", **policies)


def set_displacing(unit: Unit, policy: str) -> None:
    """Say whose appointments may move to make room for somebody who lost one: by a leave, a miss or a cancellation.

    Args:
        policy: never (only those of the courses concerned), unconfirmed, or any.
    Raises:
        InvalidInput: another word.
        NotAllowed: by somebody who is no manager.
    """
    manage(unit)
    if policy not in DISPLACING:
        raise InvalidInput(say("Choose never, unconfirmed or any."), field="displacing")
    unit.clinic.displacing = policy
    unit.audit("change policies", f"clinic/{unit.clinic.id}", displacing=policy)


def automation_level(clinic: ClinicRow, about: str) -> Level:
    """What the planner does by itself about one of `AUTOMATED`, also where the clinic never said."""
    return cast(Level, clinic.automation.get(about, _UNLESS_SAID.get(about, AUTOMATED[about][-1])))


def set_automation(unit: Unit, levels: Mapping[str, str]) -> None:
    """Say what the planner does by itself, e.g. {"miss": "propose"}; what is not named stays.

    Raises:
        InvalidInput: no such thing, or no such level; `field` names it as `automation_miss`.
        NotAllowed: by somebody who is no manager.
    """
    manage(unit)
    for about, level in levels.items():
        if level not in AUTOMATED.get(about, ()):
            raise InvalidInput(say("Choose off, propose or apply."), field=f"automation_{about}")
    # A new value, because a change inside of the old one would not be noticed.
    unit.clinic.automation = {**unit.clinic.automation, **levels}
    unit.audit("change policies", f"clinic/{unit.clinic.id}", automation=dict(levels))


def add_staff(unit: Unit, name: str, email: str, role: str, password: str | None, *, treats: bool = False) -> StaffRow:
    """Take somebody on.

    Args:
        role: reception, therapist or manager.
        password: None for somebody who chooses it by a link.
        treats: whether patients are booked with them.
    Raises:
        InvalidInput: naming the field; also when the address already belongs to an account, here or elsewhere.
    """
    manage(unit)
    if role not in ROLES:
        raise InvalidInput(
            say("“%(role)s” is no role. Use %(roles)s.", role=role, roles=", ".join(ROLES)), field="role"
        )
    address = accounts.normal_email(email)
    row = StaffRow(
        name=checked_name(name), email=address, role=role, treats=treats,
        # Without one nobody comes in, until it is chosen by a link.
        password_hash="" if password is None else accounts.password_hash(password, (unit.clinic.name, name, address)),
    )  # fmt: skip
    try:
        with unit.session.begin_nested():
            unit.session.add(row)
    except IntegrityError as error:
        # The address is unique among all clinics: one address, one account, else nobody could tell where it signs in.
        raise InvalidInput(say("“%(address)s” already has an account.", address=address), field="email") from error
    unit.audit("add staff", f"staff/{row.id}", role=role, treats=treats)
    return row


def deactivate_staff(unit: Unit, staff_id: int) -> StaffRow:
    """Let somebody go: they can't sign in any more and are signed out everywhere; their history stays.

    Raises:
        InvalidInput: it would be the person's own account.
    """
    manage(unit)
    if staff_id == unit.actor.staff_id:
        raise InvalidInput(say("You can't close your own account."), field="staff_id")
    row = unit.get(StaffRow, staff_id)
    row.active = False
    sessions.end_sessions(unit, row.id)
    unit.audit("deactivate staff", f"staff/{row.id}")
    return row


def add_room(unit: Unit, name: str) -> RoomRow:
    """Add a treatment room."""
    manage(unit)
    row = RoomRow(name=checked_name(name))
    unit.session.add(row)
    unit.session.flush()
    unit.audit("add room", f"room/{row.id}")
    return row


def close_room(unit: Unit, room_id: int) -> RoomRow:
    """Stop booking into a room; its past appointments stay."""
    manage(unit)
    row = unit.get(RoomRow, room_id)
    row.active = False
    unit.audit("close room", f"room/{row.id}")
    return row


def set_practitioner_hours(unit: Unit, staff_id: int, lines: Iterable[WeeklyHours]) -> None:
    """Replace all weekly hours of a person who treats. Appointments are not moved by this; `new_hours` does that."""
    check_hours(unit, staff_id)
    unit.session.execute(delete(HoursRow).where(HoursRow.practitioner_id == staff_id))
    unit.session.add_all(_hours_row(line, practitioner_id=staff_id) for line in lines)
    unit.audit("set hours", f"staff/{staff_id}")


def check_hours(unit: Unit, staff_id: int) -> StaffRow:
    """The person whose hours may be set; reception may do it too.

    Raises:
        InvalidInput: the person treats nobody.
    """
    manage(unit, "reception")
    person = unit.get(StaffRow, staff_id)
    if not person.treats:
        raise InvalidInput(say("Only people who treat have working hours."), field="staff_id")
    return person


def set_room_hours(unit: Unit, room_id: int, lines: Iterable[WeeklyHours]) -> None:
    """Replace all weekly hours of a room."""
    manage(unit)
    unit.get(RoomRow, room_id)
    unit.session.execute(delete(HoursRow).where(HoursRow.room_id == room_id))
    unit.session.add_all(_hours_row(line, room_id=room_id) for line in lines)
    unit.audit("set hours", f"room/{room_id}")


def add_closure(unit: Unit, closure: Closure) -> ClosureRow:
    """Shut the whole clinic for some days; appointments already booked then are not moved by this."""
    manage(unit)
    row = ClosureRow(first_day=closure.first_day, last_day=closure.last_day, reason=closure.reason)
    unit.session.add(row)
    unit.session.flush()
    unit.audit("add closure", f"closure/{row.id}")
    return row


def remove_closure(unit: Unit, closure_id: int) -> None:
    """Open the clinic again on the days of a closure."""
    manage(unit)
    unit.session.delete(unit.get(ClosureRow, closure_id))
    unit.audit("remove closure", f"closure/{closure_id}")


def add_leave(unit: Unit, staff_id: int, leave: Leave) -> LeaveRow:
    """Record that somebody is away; reception may do it too. Appointments booked then are not moved by this.

    Raises:
        InvalidInput: see `check_leave`.
    """
    check_leave(unit, staff_id, leave)
    row = LeaveRow(
        practitioner_id=staff_id, starts=leave.starts, ends=leave.ends, reason=leave.reason, recorded_at=unit.now
    )
    unit.session.add(row)
    unit.session.flush()
    unit.audit("add leave", f"staff/{staff_id}", leave=row.id)
    return row


def check_leave(unit: Unit, staff_id: int, leave: Leave) -> StaffRow:
    """The person whose leave may be recorded.

    Raises:
        InvalidInput: the person treats nobody, so nobody needs to know; or the leave is recorded already: one with the
            same reason (or none, as this one) lies about the same time.
    """
    manage(unit, "reception")
    person = unit.get(StaffRow, staff_id)
    if not person.treats:
        raise InvalidInput(say("Only people who treat have leave in the diary."), field="staff_id")
    row = LeaveRow
    meeting = unit.session.scalars(
        select(row).where(
            row.practitioner_id == staff_id,
            row.withdrawn_at.is_(None),
            row.starts < leave.ends,
            row.ends > leave.starts,
        )
    )
    same = next((each for each in meeting if each.reason.casefold() == leave.reason.casefold()), None)
    if same is not None:
        why = say("“%(reason)s”", reason=same.reason) if same.reason else say("no reason given")
        raise InvalidInput(
            say(
                "This is recorded already: %(name)s is away %(when)s (%(why)s). "
                "Take that back first, enter only the time that is new, or give another reason.",
                name=person.name,
                when=_when(same),
                why=why,
            ),
            field="first_day",
        )
    return person


def _when(row: LeaveRow) -> Text:
    """`on Monday 4 May`, `from Monday 4 May to Friday 8 May`, or with times where it is a part of a day."""
    if not row.starts.time() == row.ends.time() == time():
        return say("from %(first)s to %(last)s", first=moment(row.starts), last=moment(row.ends))
    first, last = row.starts.date(), row.ends.date() - timedelta(days=1)
    if first == last:
        return say("on %(day)s", day=day(first))
    return say("from %(first)s to %(last)s", first=day(first), last=day(last))


def withdraw_leave(unit: Unit, leave_id: int) -> LeaveRow:
    """Take leave back; the row stays, marked.

    Raises:
        InvalidInput: it was withdrawn before.
    """
    manage(unit, "reception")
    row = unit.get(LeaveRow, leave_id)
    if row.withdrawn_at is not None:
        raise InvalidInput(say("This leave was already taken back."), field="leave_id")
    row.withdrawn_at = unit.now
    unit.audit("withdraw leave", f"staff/{row.practitioner_id}", leave=row.id)
    return row


def checked_name(name: str) -> str:
    """A name as it is stored: on one line, without spaces around it.

    Raises:
        InvalidInput: empty, too long, or with characters nobody can see.
    """
    spelled = " ".join(name.split())
    if not spelled:
        raise InvalidInput(say("A name is needed."), field="name")
    if len(spelled) > NAME_LENGTH_MAX:
        raise InvalidInput(say("A name has at most %(most)s characters.", most=NAME_LENGTH_MAX), field="name")
    if not _UNSEEN.sub("", spelled):
        raise InvalidInput(say("A name is needed."), field="name")
    if not can_be_shown(spelled):
        raise InvalidInput(say("The name has characters that can't be shown."), field="name")
    return spelled


def can_be_shown(line: str) -> bool:
    """Whether a line has only characters that can be seen, and marks that names and words in many scripts need."""
    return _UNSEEN.sub("", line).isprintable()


def manage(unit: Unit, *roles: Role) -> None:
    """Refuse whoever is no manager and has none of these roles; the program itself may do all."""
    if not unit.actor.is_system:
        unit.actor.must_be("manager", *roles)


def _hours_row(line: WeeklyHours, *, practitioner_id: int | None = None, room_id: int | None = None) -> HoursRow:
    return HoursRow(
        practitioner_id=practitioner_id, room_id=room_id, weekday=line.weekday,
        start=line.start, end=line.end, from_day=line.from_day, to_day=line.to_day,
    )  # fmt: skip

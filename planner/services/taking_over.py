"""A clinic's appointments out of its earlier system, looked at line by line before anything is taken over."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Final, Literal

from sqlalchemy import select

from planner.calendars.export import OldAppointment, read_export
from planner.diary.free import to_utc, to_wall
from planner.errors import InvalidInput, PlannerError
from planner.services.patients import PatientDetails, search_key
from planner.services.planning import therapists
from planner.services.runtime import Unit
from planner.storage.courses import OCCUPYING_STATUSES, AppointmentRow, SessionRow
from planner.storage.people import PatientRow, RoomRow, StaffRow
from planner.words import Text, listing, say, say_many

Outcome = Literal["take", "here", "skip", "problem"]
FEWEST_MINUTES: Final = 5
MOST_MINUTES: Final = 480
_AHEAD: Final = timedelta(days=3 * 366)


@dataclass(frozen=True, slots=True)
class Taken:
    """What would happen with one line of the export.

    Args:
        outcome: take (it is booked), here (it was taken over before), skip (over, or cancelled), problem.
        says: why, for all but those to take.
        start: the clinic's wall-clock time; None where it can't be read.
        new_patient: nobody here has this name and address yet.
    """

    line: int
    outcome: Outcome
    says: str
    patient: str
    start: datetime | None = None
    minutes: int = 0
    therapist: str = ""
    room: str = ""
    new_patient: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """An appointment that can be taken over, with all that is needed to book it."""

    uid: str
    patient_id: int | None
    details: PatientDetails
    practitioner_id: int
    room_id: int
    starts_at: datetime
    ends_at: datetime

    @property
    def minutes(self) -> int:
        """Its length."""
        return round((self.ends_at - self.starts_at).total_seconds() / 60)


@dataclass(frozen=True, slots=True)
class TakeOver:
    """The whole export, line by line; `places` are those to book, in the order of the file."""

    lines: tuple[Taken, ...]
    places: tuple[Place, ...]

    def count(self, outcome: Outcome) -> int:
        """How many lines come out like this."""
        return sum(line.outcome == outcome for line in self.lines)

    @property
    def new_patients(self) -> int:
        """How many patients would be added."""
        return len({_who(place.details) for place in self.places if place.patient_id is None})


def examine(unit: Unit, data: bytes, therapist: str = "") -> TakeOver:
    """What taking over this export would do (six queries); nothing is written.

    Args:
        data: a CSV table or a calendar file.
        therapist: name of whoever treats where a line names nobody; "" for the only therapist there is.
    Raises:
        InvalidInput: the file can't be read, or there is no such therapist.
    """
    exported = read_export(data)
    known = _Known.load(unit, exported, therapist)
    lines: list[Taken] = []
    places: list[Place] = []
    for each in exported:
        try:
            place = known.place_of(each)
        except _Left as left:
            lines.append(_line(unit, each, left.outcome, left.says))
            continue
        places.append(place)
        wall, room = to_wall(place.starts_at, unit.zone), known.rooms[place.room_id]
        lines.append(
            Taken(
                each.line, "take", "", place.details.name, wall, place.minutes,
                known.staff[place.practitioner_id].name, room, place.patient_id is None,
            )
        )  # fmt: skip
    return TakeOver(tuple(lines), tuple(places))


def uid_here(clinic_id: int, each: OldAppointment) -> str:
    """The calendar identity of an appointment of the other system: the same whenever the export comes again."""
    own = each.uid or f"{search_key(each.patient)}\n{each.starts_at}\n{each.therapist.casefold()}"
    digest = hashlib.sha256(f"{clinic_id}\n{own}".encode()).hexdigest()
    return f"{digest[:32]}@course-planner"


def _line(unit: Unit, each: OldAppointment, outcome: Outcome, says: str) -> Taken:
    start = each.starts_at
    if start is not None and start.tzinfo is not None:
        start = to_wall(start.astimezone(UTC), unit.zone)
    return Taken(each.line, outcome, says, each.patient, start, each.minutes, each.therapist, each.room)


class _Left(Exception):
    """A line is not taken over; the words are for staff."""

    def __init__(self, outcome: Outcome, says: str) -> None:
        super().__init__(says)
        self.outcome: Outcome = outcome
        self.says = says


def _problem(says: str) -> _Left:
    return _Left("problem", says)


def _who(details: PatientDetails) -> tuple[str, str]:
    return search_key(details.name), details.email.casefold()


@dataclass
class _Known:
    """What the clinic has already, and what the lines before have taken."""

    unit: Unit
    staff: dict[int, StaffRow]
    rooms: dict[int, str]
    patients: list[tuple[int, str, str]]
    here: frozenset[str]
    usual: StaffRow | None
    taken: dict[tuple[str, int | str, date], list[tuple[datetime, datetime, str]]] = field(default_factory=dict)
    seen: set[str] = field(default_factory=set)
    first_of: dict[tuple[str, str], PatientDetails] = field(default_factory=dict)

    @classmethod
    def load(cls, unit: Unit, exported: Iterable[OldAppointment], therapist: str) -> _Known:
        staff = {row.id: row for row in therapists(unit)}
        rooms = select(RoomRow.id, RoomRow.name).where(RoomRow.active.is_(True)).order_by(RoomRow.name)
        people = select(PatientRow.id, PatientRow.search_name, PatientRow.email)
        uids = {uid_here(unit.clinic.id, each) for each in exported}
        own = {uid for uid in unit.session.scalars(select(SessionRow.uid)) if uid in uids}
        known = cls(
            unit=unit,
            staff=staff,
            rooms={row.id: row.name for row in unit.session.execute(rooms)},
            patients=[(row.id, row.search_name, row.email.casefold()) for row in unit.session.execute(people)],
            here=frozenset(own),
            usual=next(iter(staff.values())) if len(staff) == 1 else None,
        )
        if therapist:
            known.usual = known._therapist(therapist)
        known._read_diary()
        return known

    def place_of(self, each: OldAppointment) -> Place:
        """Where a line goes; from then on that time is taken.

        Raises:
            _Left: it is not taken over.
        """
        if each.fault or each.starts_at is None:
            raise _problem(each.fault)
        uid = uid_here(self.unit.clinic.id, each)
        if uid in self.here:
            raise _Left("here", say("Taken over before. From then on it is changed here."))
        if each.cancelled:
            raise _Left("skip", say("It is cancelled."))
        start = self._instant(each.starts_at)
        if start <= self.unit.now:
            raise _Left("skip", say("It is over."))
        if uid in self.seen:
            raise _problem(say("Another line has the same identity."))
        end = start + timedelta(minutes=self._minutes(each, start))
        details = self._details(each)
        person = self._therapist_of(each)
        place = Place(
            uid, self._patient(details), details, person.id, self._room(each.room, start, end), start, end
        )  # fmt: skip
        self._take(place, person.name)
        self.seen.add(uid)
        return place

    def _instant(self, start: datetime) -> datetime:
        instant = to_utc(start, self.unit.zone) if start.tzinfo is None else start.astimezone(UTC)
        if instant is None:
            raise _problem(say("The clock skips this time."))
        if instant > self.unit.now + _AHEAD:
            raise _problem(say("It lies more than three years ahead."))
        return instant

    def _minutes(self, each: OldAppointment, start: datetime) -> int:
        if not FEWEST_MINUTES <= each.minutes <= MOST_MINUTES:
            raise _problem(
                say(
                    "It takes %(minutes)s minutes; %(fewest)s to %(most)s are possible.",
                    minutes=each.minutes,
                    fewest=FEWEST_MINUTES,
                    most=MOST_MINUTES,
                )
            )
        wall, step = to_wall(start, self.unit.zone), self.unit.clinic.grid_minutes
        if (wall.hour * 60 + wall.minute) % step or wall.second or wall.microsecond or each.minutes % step:
            raise _problem(say("Its start or length is not on the diary's steps of %(step)s minutes.", step=step))
        return each.minutes

    def _details(self, each: OldAppointment) -> PatientDetails:
        try:
            details = PatientDetails(each.patient, email=each.email, phone=each.phone)
        except PlannerError as refusal:
            raise _problem(refusal.message) from refusal
        return self.first_of.setdefault(_who(details), details)

    def _patient(self, details: PatientDetails) -> int | None:
        name, email = _who(details)
        same = [row_id for row_id, its_name, its_mail in self.patients if its_name == name and its_mail == email]
        if not same:
            # A name alone is enough where one of both sides knows no address.
            same = [
                row_id for row_id, its_name, its_mail in self.patients if its_name == name and not (email and its_mail)
            ]
        if len(same) > 1:
            raise _problem(
                say("There are several patients called %(name)s; give the e-mail address.", name=details.name)
            )
        return same[0] if same else None

    def _therapist_of(self, each: OldAppointment) -> StaffRow:
        if each.therapist:
            try:
                return self._therapist(each.therapist)
            except InvalidInput as refusal:
                raise _problem(refusal.message) from refusal
        if self.usual is None:
            raise _problem(say("It names no therapist. Say who treats where a line names nobody."))
        return self.usual

    def _therapist(self, text: str) -> StaffRow:
        wanted = search_key(text)
        same = [row for row in self.staff.values() if wanted in (search_key(row.name), row.email.casefold())]
        if len(same) != 1:
            raise InvalidInput(say("No therapist here is called “%(text)s”.", text=text), field="therapist")
        return same[0]

    def _room(self, text: str, start: datetime, end: datetime) -> int:
        if text:
            same = [row_id for row_id, name in self.rooms.items() if search_key(name) == search_key(text)]
            if len(same) != 1:
                raise _problem(say("There is no room called “%(text)s”.", text=text))
            return same[0]
        free = next((row_id for row_id in self.rooms if self._in_the_way("room", row_id, start, end) is None), None)
        if free is None:
            raise _problem(say("No room is free then."))
        return free

    def _take(self, place: Place, therapist: str) -> None:
        who: int | str = place.patient_id if place.patient_id is not None else "/".join(_who(place.details))
        for kind, whose, name in (
            ("practitioner", place.practitioner_id, therapist),
            ("room", place.room_id, self.rooms[place.room_id]),
            ("patient", who, place.details.name),
        ):
            if (other := self._in_the_way(kind, whose, place.starts_at, place.ends_at)) is not None:
                raise _problem(say("%(name)s is taken then, %(by)s.", name=name, by=other))
        self._note(
            place.practitioner_id, place.room_id, who, place.starts_at, place.ends_at, say("by a line before this one")
        )

    def _read_diary(self) -> None:
        row = AppointmentRow
        booked = select(row.practitioner_id, row.room_id, row.patient_id, row.starts_at, row.ends_at)
        ahead = booked.where(row.status.in_(OCCUPYING_STATUSES), row.ends_at > self.unit.now)
        for practitioner_id, room_id, patient_id, starts_at, ends_at in self.unit.session.execute(ahead):
            self._note(practitioner_id, room_id, patient_id, starts_at, ends_at, say("by an appointment in the diary"))

    def _note(
        self, practitioner_id: int, room_id: int, who: int | str, start: datetime, end: datetime, how: str
    ) -> None:
        for kind, whose in (("practitioner", practitioner_id), ("room", room_id), ("patient", who)):
            for day in {start.date(), end.date()}:
                self.taken.setdefault((kind, whose, day), []).append((start, end, how))

    def _in_the_way(self, kind: str, whose: int | str, start: datetime, end: datetime) -> str | None:
        """What takes this time already."""
        for day in {start.date(), end.date()}:
            for first, last, how in self.taken.get((kind, whose, day), ()):
                if first < end and start < last:
                    return how
        return None


def by_patient(places: Iterable[Place]) -> list[list[Place]]:
    """The places of each patient, in order of time."""
    groups: dict[object, list[Place]] = {}
    for place in places:
        whose = place.patient_id if place.patient_id is not None else _who(place.details)
        groups.setdefault(whose, []).append(place)
    return [sorted(group, key=lambda place: place.starts_at) for group in groups.values()]


def summary(found: TakeOver) -> str:
    """One sentence about the whole export."""
    counts = Counter(line.outcome for line in found.lines)
    words: dict[Outcome, Text] = {
        "take": say("%(lines)s to take over", lines=counts["take"]),
        "here": say("%(lines)s here already", lines=counts["here"]),
        "skip": say("%(lines)s over or cancelled", lines=counts["skip"]),
        "problem": say("%(lines)s with a problem", lines=counts["problem"]),
    }
    said = listing((word for key, word in words.items() if counts[key]), ", ")
    if not found.new_patients:
        return said
    return listing([said, say_many("%(num)s new patient", "%(num)s new patients", found.new_patients)], "; ")

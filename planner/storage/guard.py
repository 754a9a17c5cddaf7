"""The guard against double booking: it refuses an overlap whoever writes, and a test shows that it is really there.

On SQLite it is six triggers, on PostgreSQL three constraints.
"""

from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, insert, text, update
from sqlalchemy.exc import IntegrityError

from planner.errors import StorageFailed
from planner.storage import courses, people
from planner.storage.courses import OCCUPYING_STATUSES, listed

GUARDED = ("practitioner", "room", "patient")
MESSAGE = "slot taken"
_CONSTRAINT = "appointment_one_"
_CONSTRAINTS_THERE = text("SELECT conname FROM pg_constraint WHERE conrelid = to_regclass('appointment')")
_LONGEST_HOURS = 24  # No appointment is longer, so older rows need not be read.


def trigger_statements() -> list[str]:
    """SQL that drops and makes the six triggers (three resources, insert and update)."""
    statements = []
    for resource in GUARDED:
        for event in ("INSERT", "UPDATE"):
            name = f"appointment_one_{resource}_{event.lower()}"
            statements.append(f"DROP TRIGGER IF EXISTS {name}")
            statements.append(_trigger(name, resource, event))
    return statements


def _trigger(name: str, resource: str, event: str) -> str:
    occupying = listed(OCCUPYING_STATUSES)
    # Half-open, so back-to-back appointments do not overlap.
    return f"""
        CREATE TRIGGER {name} BEFORE {event} ON appointment
        WHEN NEW.status IN {occupying} AND EXISTS (
            SELECT 1 FROM appointment AS other
            WHERE other.clinic_id = NEW.clinic_id AND other.{resource}_id = NEW.{resource}_id
              AND other.id <> NEW.id AND other.status IN {occupying}
              AND other.starts_at < NEW.ends_at AND other.ends_at > NEW.starts_at
              AND other.starts_at > datetime(NEW.starts_at, '-{_LONGEST_HOURS} hours'))
        BEGIN SELECT RAISE(ABORT, '{MESSAGE}: {resource}'); END
    """  # noqa: S608 - every part is a constant of this module


def constraint_statements() -> dict[str, str]:
    """SQL that makes the three constraints, by their names."""
    # Ranges of one number each: plain GiST compares them, so that no extension has to be installed.
    clinic = "int8range(clinic_id, clinic_id, '[]') WITH &&"
    time = "tstzrange(starts_at, ends_at) WITH &&"
    return {
        f"{_CONSTRAINT}{resource}": (
            f"ALTER TABLE appointment ADD CONSTRAINT {_CONSTRAINT}{resource} EXCLUDE USING gist "
            f"({clinic}, int8range({resource}_id, {resource}_id, '[]') WITH &&, {time}) "
            f"WHERE (status IN {listed(OCCUPYING_STATUSES)})"
        )
        for resource in GUARDED
    }


def resource_of(constraint: str) -> str:
    """What a constraint guards: "practitioner", "room" or "patient"."""
    return constraint.removeprefix(_CONSTRAINT)


def install(connection: Connection) -> None:
    """Make the guard, or what is missing of it; a migration that rebuilds the table drops triggers silently."""
    if connection.dialect.name == "postgresql":
        there = set(connection.scalars(_CONSTRAINTS_THERE))
        for name, statement in constraint_statements().items():
            if name not in there:
                connection.execute(text(statement))
        return
    for statement in trigger_statements():
        connection.execute(text(statement))


def self_test(connection: Connection) -> None:
    """Try overlapping bookings in a transaction that is rolled back.

    Raises:
        StorageFailed: one of them was accepted; the program must not start.
    """
    outer = connection.begin_nested() if connection.in_transaction() else connection.begin()
    try:
        _plant(connection)
        for resource in GUARDED:
            for event in ("insert", "update"):
                if not _refused(connection, resource, event):
                    raise StorageFailed(
                        f"The database accepts two appointments of one {resource} at the same time ({event}). "
                        "Run `planner db upgrade`; the program does not start without this guard."
                    )
    finally:
        outer.rollback()


_START = datetime(2000, 1, 3, 9, tzinfo=UTC)


def _plant(connection: Connection) -> None:
    """Two of everything, in a clinic that never exists outside this transaction."""
    clinic = {"clinic_id": -1}
    connection.execute(insert(people.ClinicRow).values(id=-1, name="-", timezone="UTC", country="GB"))
    for number in (-1, -2):
        connection.execute(
            insert(people.StaffRow).values(**clinic, id=number, name="-", email=f"self-test{number}", role="therapist")
        )
        connection.execute(insert(people.RoomRow).values(**clinic, id=number, name="-"))
        connection.execute(
            insert(people.PatientRow).values(**clinic, id=number, name="-", search_name="-", created_at=_START)
        )
    connection.execute(
        insert(courses.AssessmentRow).values(
            **clinic, id=-1, patient_id=-1, findings={}, estimate={}, recorded_at=_START
        )
    )
    connection.execute(
        insert(courses.CourseRow).values(
            **clinic, id=-1, patient_id=-1, assessment_id=-1, protocol="-", phases=[], wishes={},
            earliest_day=_START.date(), started_at=_START, first_visit_minutes=30, visit_minutes=30,
        )
    )  # fmt: skip
    connection.execute(
        insert(courses.SessionRow).values(
            **clinic, id=-1, course_id=-1, position=0, phase="taper", minutes=30, uid="self-test", revised_at=_START
        )
    )
    _book(connection, -1, {"practitioner": -1, "room": -1, "patient": -1}, _START)


def _book(connection: Connection, number: int, who: dict[str, int], start: datetime) -> None:
    connection.execute(
        insert(courses.AppointmentRow).values(
            clinic_id=-1, id=number, session_id=-1, course_id=-1,
            practitioner_id=who["practitioner"], room_id=who["room"], patient_id=who["patient"],
            starts_at=start, ends_at=start + timedelta(minutes=30), booked_at=start,
        )
    )  # fmt: skip


def _refused(connection: Connection, shared: str, event: str) -> bool:
    """Whether a second appointment that shares only this resource is turned away."""
    who = {resource: -1 if resource == shared else -2 for resource in GUARDED}
    savepoint = connection.begin_nested()
    try:
        if event == "insert":
            _book(connection, -2, who, _START + timedelta(minutes=15))
        else:
            _book(connection, -2, who, _START + timedelta(hours=2))
            row = courses.AppointmentRow
            connection.execute(
                update(row)
                .where(row.clinic_id == -1, row.id == -2)
                .values(starts_at=_START + timedelta(minutes=15), ends_at=_START + timedelta(minutes=45))
            )
    except IntegrityError:
        return True
    finally:
        savepoint.rollback()
    return False

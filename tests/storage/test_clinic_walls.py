"""Clinics are walls: no query, no key and no row crosses them."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import delete, func, select, text, update
from sqlalchemy.exc import IntegrityError, StatementError
from sqlalchemy.orm import aliased

from planner.errors import NotFound
from planner.services.runtime import Actor
from planner.storage.base import Base, ClinicScoped
from planner.storage.doors import AccountLetterRow, AttemptRow
from planner.storage.opening import HoursRow, LeaveRow
from planner.storage.people import ClinicRow, PatientRow, RoomRow, StaffRow
from tests.factories import NOW, make_patient


def test_a_query_sees_only_its_own_clinic(runtime, clinic, other_clinic):
    """Without a word about clinics in the query."""
    with runtime.reading(clinic.system) as unit:
        assert {row.clinic_id for row in unit.session.scalars(select(PatientRow))} == {clinic.id}
        assert unit.session.scalar(select(func.count()).select_from(StaffRow)) == 3
        other_name = aliased(PatientRow)
        assert {row.clinic_id for row in unit.session.scalars(select(other_name))} == {clinic.id}


def test_a_join_sees_only_its_own_clinic(runtime, clinic, other_clinic):
    """Also the joined side."""
    with runtime.reading(clinic.system) as unit:
        pairs = unit.session.execute(select(PatientRow, RoomRow).join(RoomRow, RoomRow.name != PatientRow.name)).all()
        assert {(patient.clinic_id, room.clinic_id) for patient, room in pairs} == {(clinic.id, clinic.id)}


def test_two_clinics_in_turn_each_see_their_own(runtime, clinic, other_clinic):
    """The scope is not remembered from the query before."""
    for each in (clinic, other_clinic, clinic):
        with runtime.reading(each.system) as unit:
            assert {row.clinic_id for row in unit.session.scalars(select(RoomRow))} == {each.id}


def test_another_clinics_id_is_not_found(runtime, clinic, other_clinic):
    """The same answer as for an id that nobody has."""
    with runtime.reading(clinic.system) as unit:
        for missing in (other_clinic.ana, 12345):
            with pytest.raises(NotFound):
                unit.get(PatientRow, missing)


def test_a_change_or_deletion_of_all_touches_one_clinic(runtime, clinic, other_clinic):
    """Bulk statements are scoped as well."""
    with runtime.writing(clinic.system) as unit:
        unit.session.execute(update(PatientRow).values(notes="changed"))
        unit.session.execute(delete(HoursRow).where(HoursRow.weekday == 0))
    with runtime.reading(other_clinic.system) as unit:
        assert unit.get(PatientRow, other_clinic.ana).notes == ""
        assert unit.session.scalar(select(func.count()).select_from(HoursRow).where(HoursRow.weekday == 0)) == 3


def test_a_new_row_belongs_to_the_clinic_of_its_transaction(runtime, clinic):
    """Nobody has to say so."""
    with runtime.writing(clinic.system) as unit:
        patient = make_patient(unit, "New Patient")
    with runtime.reading(clinic.system) as unit:
        assert unit.get(PatientRow, patient).clinic_id == clinic.id


def test_a_row_of_another_clinic_is_not_written(runtime, clinic, other_clinic):
    """That would be a bug, so it is a ValueError."""
    with pytest.raises(ValueError, match="another clinic"), runtime.writing(clinic.system) as unit:
        unit.session.add(RoomRow(clinic_id=other_clinic.id, name="theirs"))


def test_no_row_can_point_into_another_clinic(runtime, clinic, other_clinic):
    """The foreign keys carry the clinic, so even a mistaken program can't."""
    starts = datetime.fromisoformat("2026-03-03")
    leave = LeaveRow(
        practitioner_id=other_clinic.ben.id, starts=starts, ends=starts + timedelta(days=1), recorded_at=NOW
    )
    with pytest.raises(IntegrityError), runtime.writing(clinic.system) as unit:
        unit.session.add(leave)


# Tries that failed are counted before anybody knows whose they are, under hashes that say nothing; and an address that
# somebody typed who forgot a password may have no account anywhere.
NOBODYS = (ClinicRow, AttemptRow, AccountLetterRow)


def test_every_table_but_the_clinic_itself_belongs_to_a_clinic():
    """And its key begins with the clinic, so a new table can't forget the wall."""
    for mapper in Base.registry.mappers:
        if mapper.class_ not in NOBODYS:
            assert issubclass(mapper.class_, ClinicScoped), mapper
            assert [column.name for column in mapper.local_table.primary_key] == ["clinic_id", "id"]
            for key in mapper.local_table.foreign_key_constraints:
                assert key.column_keys[0] == "clinic_id"


def test_a_clinic_that_does_not_exist_has_no_door(runtime, clinic):
    """An actor of nowhere can neither read nor write."""
    with pytest.raises(NotFound), runtime.reading(Actor.system(99)):
        pass


def test_a_naive_time_is_refused_by_its_column(runtime, clinic):
    """Nobody could say when it is."""
    row = PatientRow(name="-", search_name="-", created_at=NOW.replace(tzinfo=None))
    with pytest.raises(StatementError, match="naive"), runtime.writing(clinic.system) as unit:
        unit.session.add(row)


def test_an_instant_comes_back_in_utc(runtime, clinic):
    """Whatever zone it was written in."""
    with runtime.writing(clinic.system) as unit:
        patient = make_patient(unit, "Someone")
        unit.get(PatientRow, patient).created_at = datetime.fromisoformat("2026-07-01T10:00+02:00")
    with runtime.reading(clinic.system) as unit:
        created = unit.get(PatientRow, patient).created_at
        assert (created, created.tzinfo) == (datetime(2026, 7, 1, 8, tzinfo=UTC), UTC)
        assert str(unit.session.scalar(text("SELECT created_at FROM patient WHERE name = 'Someone'"))).startswith(
            "2026-07-01 08:00"
        )

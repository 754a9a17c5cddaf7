"""From the schema before offers to patients who wait, with slots and offers in it, to that with them."""

from datetime import timedelta
from itertools import count

import pytest
from sqlalchemy import MetaData, insert, select
from sqlalchemy.exc import IntegrityError

from planner.services.runtime import Actor, Runtime
from planner.storage import schema
from planner.storage.database import Database
from planner.storage.jobs import FreedSlotRow, SlotOfferRow
from tests.factories import NOW, FakeClock, FakeMailer
from tests.storage.test_migration_0006 import ANA, ASSESSMENT, BEN, CLINIC, COURSE, OLD_ROWS, WHOSE, _up_to

ROOM, SESSION, SLOT, OFFER = 6, 7, 8, 9
ROWS = [
    ("room", WHOSE | {"id": ROOM, "name": "Room 1", "active": True}),
    ("session", WHOSE | {"id": SESSION, "course_id": COURSE, "position": 0, "phase": "intensive", "minutes": 60,
                         "dropped": False, "unplaced_reason": "", "uid": "u", "sequence": 0, "revised_at": NOW}),
    ("freed_slot", WHOSE | {"id": SLOT, "practitioner_id": BEN, "room_id": ROOM, "course_id": COURSE,
                            "starts_at": NOW, "ends_at": NOW + timedelta(hours=1), "freed_at": NOW}),
    ("slot_offer", WHOSE | {"id": OFFER, "slot_id": SLOT, "course_id": COURSE, "session_id": SESSION,
                            "status": "offered", "saved_points": 40, "saved_days": 2, "offered_at": NOW,
                            "expires_at": NOW + timedelta(hours=4), "offered_by": "Rosa Lind"}),
]  # fmt: skip


@pytest.fixture
def runtime(tmp_path):
    """A database of the step before with a slot that was offered, brought to the newest step."""
    database = Database(f"sqlite:///{tmp_path}/old.sqlite", wait_seconds=0.3)
    with database.migrating() as connection:
        _up_to(connection, "0006")
    old = MetaData()
    old.reflect(database.engine)
    with database.migrating() as connection:
        for table, values in (*OLD_ROWS, *ROWS):
            connection.execute(insert(old.tables[table]).values(values))
    schema.upgrade(database)
    yield Runtime(database, FakeClock(), FakeMailer())
    database.close()


def test_slots_and_offers_keep_what_they_had_and_offers_name_their_patient(runtime):
    """And the tables are those of the rows, with nothing left of the way there."""
    assert schema.differences(runtime.database) == []
    with runtime.reading(Actor.system(CLINIC)) as unit:
        slot, offer = unit.get(FreedSlotRow, SLOT), unit.get(SlotOfferRow, OFFER)
    assert (slot.course_id, slot.starts_at, slot.ends_at, slot.examined_at) == (
        COURSE, NOW, NOW + timedelta(hours=1), None,
    )  # fmt: skip
    assert (offer.patient_id, offer.course_id, offer.session_id, offer.assessment_id) == (ANA, COURSE, SESSION, None)
    assert (offer.status, offer.saved_points, offer.saved_days, offer.ended_at) == ("offered", 40, 2, None)
    assert offer.expires_at == NOW + timedelta(hours=4)


number = count(100)


def offer(**values):
    """An offer of the slot to Ana."""
    usual = {"id": next(number), "slot_id": SLOT, "patient_id": ANA, "saved_points": 1, "offered_at": NOW,
             "expires_at": NOW, "offered_by": "Rosa"}  # fmt: skip
    return SlotOfferRow(**{**usual, **values})


def test_an_offer_may_name_only_the_patient_and_their_assessment(runtime):
    """And once it was accepted the course that was begun as well."""
    with runtime.writing(Actor.system(CLINIC)) as unit:
        unit.session.add(offer(assessment_id=ASSESSMENT))
        unit.session.add(offer(assessment_id=ASSESSMENT, course_id=COURSE, session_id=SESSION))
    with runtime.reading(Actor.system(CLINIC)) as unit:
        assert len(unit.session.scalars(select(SlotOfferRow.id)).all()) == 3


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"course_id": COURSE},
        {"session_id": SESSION},
        {"assessment_id": ASSESSMENT, "patient_id": 99},
        {"assessment_id": 99},
        {"assessment_id": ASSESSMENT, "slot_id": 99},
        {"assessment_id": ASSESSMENT, "status": "maybe"},
    ],
    ids=str,
)
def test_an_offer_of_nothing_is_refused(runtime, wrong):
    """By the table itself."""
    with pytest.raises(IntegrityError), runtime.writing(Actor.system(CLINIC)) as unit:
        unit.session.add(offer(**wrong))


def test_a_slot_that_is_thrown_away_takes_its_offers_along(runtime):
    """As before."""
    with runtime.writing(Actor.system(CLINIC)) as unit:
        unit.session.delete(unit.get(FreedSlotRow, SLOT))
    with runtime.reading(Actor.system(CLINIC)) as unit:
        assert unit.session.scalars(select(SlotOfferRow)).all() == []

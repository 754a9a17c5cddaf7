"""What is thrown away, and what is not."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from planner.services.accounts import sign_in
from planner.services.sessions import actor_for
from planner.services.sweeping import SweepReport
from planner.services.tidy import KEEP_REVOKED_FEEDS, tidy
from planner.storage.outward import FeedRow
from planner.storage.people import LoginRow
from tests.factories import NOW


def rows(runtime, kind):
    """All rows of a kind, in all clinics."""
    with runtime.database.reading(None) as session:
        return session.scalars(select(kind)).all()


def test_an_ended_session_is_deleted_and_a_living_one_kept(runtime, clinic, other_clinic, clock):
    """In every clinic."""
    for person in (clinic.rosa, other_clinic.rosa):
        sign_in(runtime, person.email, person.password)
    clock.advance(hours=6)
    token, _ = sign_in(runtime, clinic.ben.email, clinic.ben.password)
    clock.advance(hours=6)
    assert tidy(runtime) == SweepReport(done=2)
    assert len(rows(runtime, LoginRow)) == 1
    assert actor_for(runtime, token) == clinic.ben.actor
    assert tidy(runtime) == SweepReport()


@pytest.mark.parametrize(
    ("revoked", "kept"),
    [
        (None, True),
        (NOW - KEEP_REVOKED_FEEDS + timedelta(minutes=1), True),
        (NOW - KEEP_REVOKED_FEEDS - timedelta(minutes=1), False),
    ],
)
def test_a_calendar_address_in_use_is_kept_and_a_replaced_one_not_for_ever(runtime, clinic, revoked, kept):
    """However old it is."""
    with runtime.writing(clinic.system) as unit:
        long_ago = NOW - timedelta(days=1000)
        unit.session.add(FeedRow(token_hash="h", patient_id=clinic.ana, created_at=long_ago, revoked_at=revoked))
    tidy(runtime)
    assert bool(rows(runtime, FeedRow)) is kept

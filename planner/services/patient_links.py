"""Personal links of patients: what each was made for, how long it works, and how one is ended.

The link to the plan is derived and works until reception replaces or ends it. A reminder and an offer carry narrower
ones, which are signed, say until when they work, and end together with the plan's.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final, Literal

from sqlalchemy import select

from planner.errors import NotFound
from planner.services import keys
from planner.services.patients import link_generation, refuse_if_erased
from planner.services.runtime import PATIENT, Actor, Runtime, Unit
from planner.services.tokens import hashed
from planner.storage.people import PatientRow
from planner.words import say

Purpose = Literal["plan", "visit", "offer"]
AFTER_A_VISIT: Final = timedelta(days=2)
_SIGNED: Final = "patient link"


def narrow_link(runtime: Runtime, unit: Unit, patient_id: int, purpose: Purpose, until: datetime) -> str:
    """An address for one purpose, which ends by itself; in a writing transaction."""
    row = unit.get(PatientRow, patient_id)
    refuse_if_erased(row)
    said = [purpose, row.clinic_id, row.id, link_generation(row), int(until.timestamp())]
    return f"{runtime.base_url.rstrip('/')}/p/{keys.signed(runtime, _SIGNED, said)}"


def patient_for_link(runtime: Runtime, token: str) -> Actor:
    """The patient whose personal link carries this token, and what the link is for.

    Raises:
        NotFound: the link is unknown, was replaced or has ended.
    """
    # Only a signed token has a dot in it.
    return _by_signed(runtime, token) if "." in token else _by_derived(runtime, token)


def end_link(runtime: Runtime, actor: Actor, patient_id: int) -> None:
    """End all links of a patient; the next message brings a new one."""
    with runtime.writing(actor) as unit:
        actor.must_be("reception", "therapist")
        row = unit.get(PatientRow, patient_id)
        row.link_generation += 1
        row.link_hash = None
        unit.audit("patient.end_link", f"patient/{row.id}")


def _by_derived(runtime: Runtime, token: str) -> Actor:
    with runtime.database.reading(None) as session:
        patient = session.scalar(select(PatientRow).where(PatientRow.link_hash == hashed(token)))
    if patient is None:
        raise NotFound(say("This link is not valid, or a newer one has replaced it."))
    return _actor(patient, "plan")


def _by_signed(runtime: Runtime, token: str) -> Actor:
    purpose, clinic_id, patient_id, generation, until = keys.read_signed(runtime, _SIGNED, token)
    with runtime.database.reading(clinic_id) as session:
        patient = session.get(PatientRow, (clinic_id, patient_id))
    if patient is None or patient.link_generation != generation:
        raise NotFound(say("This link is not valid, or a newer one has replaced it."))
    if runtime.clock.now() >= datetime.fromtimestamp(until, UTC):
        raise NotFound(say("This link has ended. Your newest message has one that works; or call us."))
    return _actor(patient, purpose)


def _actor(patient: PatientRow, purpose: str) -> Actor:
    return Actor(
        clinic_id=patient.clinic_id,
        name=PATIENT,
        patient_id=patient.id,
        language=patient.language,
        purpose=purpose,
    )

"""The clinic that `benchmarks.killed` works in, and the post office that counts what its patients get."""

import asyncio
import random
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller

from benchmarks.killed_load import Scene
from planner.services import assessments, booking, clinic_setup, feeds
from planner.services.booking import BookingRequest
from planner.services.runtime import Actor
from planner.services.wishes import Wishes
from planner.storage.ids import new_id
from tests.factories import weekly
from tests.faults.scenes import BusyClinic, make_busy_clinic

EVERY_DAY = (0, 1, 2, 3, 4, 5, 6)
DAYS_BEFORE = 5
"""So long ago the first courses were booked: some of their visits are over, and tomorrow's are to be reminded of."""

GRACE_MINUTES = 24 * 60
_TAKES_SECONDS = 0.05
"""So long a letter is on its way, and so long again nobody knows yet that it arrived: time enough to be killed in."""


class PostOffice:
    """Takes every message and remembers whose it was."""

    def __init__(self) -> None:
        self.taken: Counter[tuple[str, str]] = Counter()

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802  (aiosmtpd's name)
        """Count it by its Message-ID and each receiver."""
        await asyncio.sleep(_TAKES_SECONDS)
        identity = str(message_from_bytes(envelope.content)["Message-ID"]).strip()
        for receiver in envelope.rcpt_tos:
            self.taken[identity, receiver] += 1
        await asyncio.sleep(_TAKES_SECONDS)
        return "250 taken"


@contextmanager
def open_post_office(port: int) -> Iterator[PostOffice]:
    """It is open while the block lasts."""
    office = PostOffice()
    controller = Controller(office, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield office
    finally:
        controller.stop()


def make_scene(
    folder: Path, address: str, ports: tuple[int, int], seed: int, patients: int, booked: int
) -> tuple[BusyClinic, Scene]:
    """A clinic with so many patients, the first of whom booked some days ago.

    Args:
        address: of an empty database.
        booked: so many have a course.
    """
    now = datetime.now(UTC)
    then = now - timedelta(days=DAYS_BEFORE)
    clinic = make_busy_clinic(folder, patients, therapists=6, now=then, hours=("08:00", "18:00"), address=address)
    runtime = clinic.runtime(then)
    with runtime.writing(Actor.system(clinic.actor.clinic_id)) as unit:
        # Who did not come today, people tell; the days before are left to the timers.
        clinic_setup.change_policies(unit, grace_minutes=GRACE_MINUTES, hold_minutes=0)
        for therapist in clinic.therapists:
            clinic_setup.set_practitioner_hours(unit, therapist, weekly("08:00", "18:00", EVERY_DAY))
    people = []
    for patient in clinic.patients:
        with runtime.reading(clinic.actor) as unit:
            people.append((patient, assessments.of_patient(unit, patient)[0]))
    chance = random.Random(seed)
    for patient, found in people[:booked]:
        request = BookingRequest(
            course_id=new_id(), patient_id=patient, assessment_id=found.id, phases=found.phases,
            first_visit_minutes=60, visit_minutes=30, wishes=Wishes(clinic.therapists),
            earliest_day=then.date() + timedelta(days=chance.randrange(DAYS_BEFORE)),
        )  # fmt: skip
        places = booking.propose(runtime, clinic.actor, request, with_alternatives=False).places
        booking.book_course(runtime, clinic.actor, request, places)
    addresses = [feeds.create_feed(runtime, Actor.system(clinic.actor.clinic_id), whole_clinic=True)]
    for therapist in clinic.therapists:
        addresses.append(feeds.create_feed(runtime, Actor.system(clinic.actor.clinic_id), practitioner_id=therapist))
    for patient, _ in people[:booked]:
        addresses.append(feeds.create_feed(runtime, Actor.system(clinic.actor.clinic_id), patient_id=patient))
    runtime.database.close()
    scene = Scene(
        ports=ports,
        address=address.replace("+psycopg", ""),
        email=clinic.reception.email,
        password=clinic.reception.password,
        patients=tuple((patient, found.id) for patient, found in people),
        feeds=tuple("/f/" + each.rpartition("/")[2] for each in addresses),
    )
    return clinic, scene

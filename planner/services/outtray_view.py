"""The messages of one clinic in the outtray, the folder that all clinics' messages are written into."""

from __future__ import annotations

from dataclasses import dataclass
from email.utils import parseaddr
from pathlib import Path

from sqlalchemy import func, select

from planner.errors import NotFound
from planner.notify.message import one_line
from planner.notify.outtray import OuttrayMessage, read_outtray
from planner.services.runtime import Actor, Runtime
from planner.storage.people import PatientRow
from planner.words import say


@dataclass(frozen=True, slots=True)
class ClinicOuttray:
    """A clinic's messages, the newest first, and the zone to tell their times in."""

    zone: str
    messages: tuple[OuttrayMessage, ...]

    def message(self, name: str) -> OuttrayMessage:
        """One of them. Raises NotFound, also for another clinic's."""
        for message in self.messages:
            if message.name == name:
                return message
        raise NotFound(say("There is no such message."))


def clinic_outtray(runtime: Runtime, actor: Actor, folder: Path | None) -> ClinicOuttray:
    """The newest messages from this clinic to its patients; none where there is no folder.

    A file says only whom it is from and to, so both must fit: the clinic's name and a patient's address. Two clinics
    may share a patient, but neither is shown what the other wrote.
    """
    found = [message for message in read_outtray(folder) if message.readable] if folder else []
    addresses = {_address(message.to) for message in found} - {""}
    with runtime.reading(actor) as unit:
        lowered = func.lower(PatientRow.email)
        patients = set(unit.session.scalars(select(lowered).where(lowered.in_(addresses))))
        name, zone = one_line(unit.clinic.name), unit.clinic.timezone
    ours = (
        message
        for message in found
        if _address(message.to) in patients and one_line(parseaddr(message.sender)[0]) == name
    )
    return ClinicOuttray(zone, tuple(ours))


def _address(header: str) -> str:
    return parseaddr(header)[1].lower()

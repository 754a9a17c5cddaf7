"""What a clinic offers: how long the first and each further visit take, and what a visit costs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import select

from planner.care.evidence import Evidence
from planner.care.fields import ASSESSMENT_FIELDS
from planner.errors import InvalidInput
from planner.services import clinic_setup
from planner.services.currencies import read_fee
from planner.services.runtime import Actor, Runtime, Unit
from planner.services.seen import must_be_as_seen, seen_of
from planner.storage.people import ServiceRow
from planner.words import say

SHORTEST, LONGEST = 5, 480
PROTOCOLS: Final = tuple(
    (choice.value, choice.label) for field in ASSESSMENT_FIELDS if field.name == "protocol" for choice in field.choices
)


@dataclass(frozen=True, slots=True)
class ServiceDetails:
    """A service as a form tells of it.

    Args:
        protocol: it is proposed for this one; None where it fits any.
        first_minutes: of the first visit; `visit_minutes` of each further one.
        fee: as typed, in the clinic's currency; "" for none.
    """

    name: str
    protocol: str | None
    first_minutes: int
    visit_minutes: int
    fee: str = ""


@dataclass(frozen=True, slots=True)
class Service:
    """Something the clinic offers; `fee` is in the currency's smallest unit."""

    id: int
    name: str
    protocol: str | None
    first_minutes: int
    visit_minutes: int
    fee: int | None
    active: bool
    seen: str


@dataclass(frozen=True, slots=True)
class ServiceDesk:
    """All services, those that are offered no more last, and what visits take without any."""

    services: tuple[Service, ...]
    currency: str
    usual_minutes: tuple[int, int]

    def of(self, service_id: int) -> Service | None:
        """The one with this id."""
        return next((each for each in self.services if each.id == service_id), None)


def service_desk(runtime: Runtime, actor: Actor) -> ServiceDesk:
    """What the page shows (one query)."""
    with runtime.reading(actor) as unit:
        evidence = Evidence.load(unit.clinic.evidence_overrides)
        usual = (evidence["J2"].whole("minutes"), evidence["J3"].whole("minutes"))
        found = [_service(row) for row in unit.session.scalars(select(ServiceRow))]
        found.sort(key=lambda each: (not each.active, each.name.casefold(), each.id))
        return ServiceDesk(tuple(found), unit.clinic.currency, usual)


def offered(unit: Unit, protocol: str | None = None) -> tuple[Service, ...]:
    """What can be chosen for a course: the services for its protocol first, then those for any; by name."""
    rows = unit.session.scalars(select(ServiceRow).where(ServiceRow.active.is_(True)))
    fitting = [_service(row) for row in rows if row.protocol in (None, protocol)]
    return tuple(sorted(fitting, key=lambda each: (each.protocol is None, each.name.casefold(), each.id)))


def add(runtime: Runtime, actor: Actor, details: ServiceDetails) -> None:
    """Offer something more.

    Raises:
        InvalidInput: naming the field.
        NotAllowed: by somebody who is no manager.
    """
    with runtime.writing(actor) as unit:
        clinic_setup.manage(unit)
        row = ServiceRow(**_checked(unit, details))
        unit.session.add(row)
        unit.session.flush()
        unit.audit("add service", f"service/{row.id}")


def change(runtime: Runtime, actor: Actor, service_id: int, details: ServiceDetails, *, seen: str) -> None:
    """Change a service; courses that were booked with it stay as they are.

    Raises:
        InvalidInput: naming the field.
        StaleForm: somebody changed it meanwhile.
    """
    with runtime.writing(actor) as unit:
        clinic_setup.manage(unit)
        row = unit.get(ServiceRow, service_id)
        must_be_as_seen(seen, _plain(row))
        for name, value in _checked(unit, details).items():
            setattr(row, name, value)
        unit.audit("change service", f"service/{row.id}")


def set_offered(runtime: Runtime, actor: Actor, service_id: int, *, active: bool) -> None:
    """Offer a service no more, or again."""
    with runtime.writing(actor) as unit:
        clinic_setup.manage(unit)
        row = unit.get(ServiceRow, service_id)
        row.active = active
        unit.audit("offer service" if active else "withdraw service", f"service/{row.id}")


def _checked(unit: Unit, details: ServiceDetails) -> dict[str, Any]:
    if details.protocol is not None and details.protocol not in dict(PROTOCOLS):
        raise InvalidInput(say("Choose one of these."), field="protocol")
    for field in ("first_minutes", "visit_minutes"):
        if not SHORTEST <= getattr(details, field) <= LONGEST:
            raise InvalidInput(
                say("A visit takes from %(low)s to %(high)s minutes.", low=SHORTEST, high=LONGEST), field=field
            )
    return {
        "name": clinic_setup.checked_name(details.name),
        "protocol": details.protocol,
        "first_minutes": details.first_minutes,
        "visit_minutes": details.visit_minutes,
        "fee": read_fee(details.fee, unit.clinic.currency),
    }


def _service(row: ServiceRow) -> Service:
    return Service(
        row.id, row.name, row.protocol, row.first_minutes, row.visit_minutes, row.fee, row.active, seen_of(_plain(row))
    )


def _plain(row: ServiceRow) -> dict[str, Any]:
    names = ("name", "protocol", "first_minutes", "visit_minutes", "fee", "active")
    return {name: getattr(row, name) for name in names}

"""The people of a clinic for whoever manages it: taking on, changing, letting go, taking back; links to a password."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from planner.errors import InvalidInput
from planner.languages import LANGUAGES
from planner.services import accounts, clinic_setup, second_factor
from planner.services.account_letters import owe_letter, sends_mail
from planner.services.account_links import link_for
from planner.services.runtime import Actor, Runtime, Unit
from planner.services.second_factor import has_factor
from planner.services.seen import must_be_as_seen, seen_of
from planner.storage.courses import OCCUPYING_STATUSES, AppointmentRow
from planner.storage.people import StaffRow
from planner.words import say, say_many


@dataclass(frozen=True, slots=True)
class PersonDetails:
    """What a manager says of somebody.

    Args:
        role: reception, therapist or manager.
        treats: whether patients are booked with them.
        language: what they read; None for the clinic's.
    """

    name: str
    email: str
    role: str
    treats: bool = False
    language: str | None = None


@dataclass(frozen=True, slots=True)
class StaffMember:
    """Somebody of the clinic.

    Args:
        active: whether they can sign in.
        ahead: how many visits to come are booked with them.
        invited: they have not chosen a password yet.
        seen: what a form carries along.
        has_factor: they sign in with more than a password.
    """

    id: int
    details: PersonDetails
    active: bool
    ahead: int
    invited: bool
    seen: str
    has_factor: bool = False


@dataclass(frozen=True, slots=True)
class Handed:
    """The link by which somebody chooses a password.

    Args:
        link: to hand over, shown this once; "" where it is on its way by mail.
    """

    staff_id: int
    name: str
    email: str
    link: str = field(repr=False)


def people(runtime: Runtime, actor: Actor) -> tuple[StaffMember, ...]:
    """Everybody, those who left last (two queries)."""
    with runtime.reading(actor) as unit:
        rows = unit.session.scalars(select(StaffRow)).all()
        ahead = _ahead(unit)
        members = (_member(row, ahead.get(row.id, 0)) for row in rows)
        return tuple(sorted(members, key=lambda each: (not each.active, each.details.name.casefold(), each.id)))


def person(runtime: Runtime, actor: Actor, staff_id: int) -> StaffMember:
    """One of them. Raises NotFound."""
    with runtime.reading(actor) as unit:
        row = unit.get(StaffRow, staff_id)
        return replace(_member(row, _ahead(unit).get(row.id, 0)), has_factor=has_factor(unit, row.id))


def take_on(runtime: Runtime, actor: Actor, details: PersonDetails, password: str) -> Handed:
    """Let somebody in, who chooses a password by a link.

    Args:
        password: of whoever does it.
    Raises:
        InvalidInput: naming the field.
        NotAllowed: by somebody who is no manager.
    """
    actor.must_be("manager")
    accounts.confirm_password(runtime, actor, password, "password")
    with runtime.writing(actor) as unit:
        row = clinic_setup.add_staff(unit, details.name, details.email, details.role, None, treats=details.treats)
        row.language = checked_language(details.language)
        return _handed(runtime, unit, row)


def change(
    runtime: Runtime, actor: Actor, staff_id: int, details: PersonDetails, *, seen: str, password: str = ""
) -> None:
    """Change what is known of somebody.

    Args:
        password: of whoever changes it; asked for where the address changes, to which links to a password go, and
            where somebody becomes a manager.
    Raises:
        InvalidInput: naming the field: an address that has an account, one's own role, the last manager's role,
            somebody who would treat no more while visits are booked with them, or a wrong password.
        StaleForm: somebody changed it meanwhile.
    """
    actor.must_be("manager")
    known = person(runtime, actor, staff_id).details
    rises = details.role == "manager" != known.role
    if rises or accounts.normal_email(details.email) != known.email:
        accounts.confirm_password(runtime, actor, password, "password")
    with runtime.writing(actor) as unit:
        clinic_setup.manage(unit)
        row = unit.get(StaffRow, staff_id)
        must_be_as_seen(seen, _plain(row))
        _may_take_role(unit, row, details.role)
        if row.treats and not details.treats:
            _must_be_free(unit, row, "treats")
        row.name = clinic_setup.checked_name(details.name)
        row.role, row.treats = details.role, details.treats
        row.language = checked_language(details.language)
        address, before = accounts.normal_email(details.email), row.email
        _give_address(unit, row, address)
        unit.audit("change staff", f"staff/{row.id}", role=row.role, treats=row.treats, address=address != before)


def let_go(runtime: Runtime, actor: Actor, staff_id: int) -> None:
    """End somebody's time here: signed out everywhere, and their history stays.

    Raises:
        InvalidInput: oneself, the last manager, or somebody with whom visits are booked.
    """
    with runtime.writing(actor) as unit:
        clinic_setup.manage(unit)
        row = unit.get(StaffRow, staff_id)
        _keeps_a_manager(unit, row)
        _must_be_free(unit, row, "")
        clinic_setup.deactivate_staff(unit, staff_id)


def take_back(runtime: Runtime, actor: Actor, staff_id: int, password: str) -> Handed:
    """Let somebody in again who had left; the password of then opens nothing.

    Args:
        password: of whoever does it.
    Raises:
        InvalidInput: it is wrong.
    """
    actor.must_be("manager")
    accounts.confirm_password(runtime, actor, password, "confirm")
    with runtime.writing(actor) as unit:
        clinic_setup.manage(unit)
        row = unit.get(StaffRow, staff_id)
        row.active, row.password_hash = True, ""
        unit.audit("take back staff", f"staff/{row.id}")
        return _handed(runtime, unit, row)


def new_link(runtime: Runtime, actor: Actor, staff_id: int, password: str = "") -> Handed:
    """A link for somebody who forgot their password, or has not used the first one; until it is used nothing changes.

    Args:
        password: of whoever asks; needed where the link is shown to them, as no mail goes out.
    Raises:
        InvalidInput: one's own is changed under "My password", the person is not here any more, or the password is
            wrong.
    """
    actor.must_be("manager")
    if not sends_mail(runtime):
        accounts.confirm_password(runtime, actor, password, "confirm")
    with runtime.writing(actor) as unit:
        clinic_setup.manage(unit)
        if staff_id == unit.actor.staff_id:
            raise InvalidInput(say("Change your own password under “My password”."), field="password")
        row = unit.get(StaffRow, staff_id)
        if not row.active:
            raise InvalidInput(say("They can't sign in. Take them back first."), field="password")
        return _handed(runtime, unit, row)


def reset_factors(runtime: Runtime, actor: Actor, staff_id: int, password: str) -> None:
    """Take all second factors from a colleague who lost them; see `second_factor.reset`.

    Args:
        password: of whoever does it.
    Raises:
        InvalidInput: it is wrong, or one's own are removed under "My account".
    """
    actor.must_be("manager")
    accounts.confirm_password(runtime, actor, password, "confirm")
    second_factor.reset(runtime, actor, staff_id)


def require_factor(runtime: Runtime, actor: Actor, roles: Iterable[str], password: str) -> None:
    """Say whose roles need a second factor; see `second_factor.set_needed_roles`.

    Args:
        password: of whoever does it.
    Raises:
        InvalidInput: it is wrong, or there is no such role.
    """
    actor.must_be("manager")
    accounts.confirm_password(runtime, actor, password, "password")
    second_factor.set_needed_roles(runtime, actor, roles)


def choose_language(runtime: Runtime, actor: Actor, language: str | None) -> None:
    """What the signed-in person reads; None for the clinic's language.

    Raises:
        InvalidInput: there are no texts in it.
    """
    with runtime.writing(actor) as unit:
        row = unit.get(StaffRow, actor.staff_id or 0)
        row.language = checked_language(language)


def checked_language(language: str | None) -> str | None:
    """A language there are texts in, or None.

    Raises:
        InvalidInput: there are none.
    """
    if language is not None and language not in LANGUAGES:
        raise InvalidInput(say("There are no texts in this language."), field="language")
    return language


def _handed(runtime: Runtime, unit: Unit, row: StaffRow) -> Handed:
    unit.session.flush()
    unit.audit("send account link", f"staff/{row.id}")
    if not sends_mail(runtime):
        return Handed(row.id, row.name, row.email, link_for(runtime, row, "handover", unit.now))
    owe_letter(unit, row, "reset" if row.password_hash else "invitation")
    return Handed(row.id, row.name, row.email, "")


def _member(row: StaffRow, ahead: int) -> StaffMember:
    details = PersonDetails(row.name, row.email, row.role, row.treats, row.language)
    return StaffMember(row.id, details, row.active, ahead, _is_invited(row), seen_of(_plain(row)))


def _is_invited(row: StaffRow) -> bool:
    return row.password_once or not row.password_hash


def _plain(row: StaffRow) -> dict[str, Any]:
    return {name: getattr(row, name) for name in ("name", "email", "role", "treats", "active", "language")}


def _ahead(unit: Unit) -> Mapping[int, int]:
    """How many visits to come each person has."""
    row = AppointmentRow
    found = unit.session.execute(
        select(row.practitioner_id, func.count())
        .where(row.starts_at > unit.now, row.status.in_(OCCUPYING_STATUSES), row.superseded.is_(False))
        .group_by(row.practitioner_id)
    )
    return dict(found.all())


def _must_be_free(unit: Unit, row: StaffRow, field: str) -> None:
    ahead = _ahead(unit).get(row.id, 0)
    if ahead:
        raise InvalidInput(
            say_many(
                "%(num)s visit is still booked with %(name)s. Record a leave first; it finds another date for it.",
                "%(num)s visits are still booked with %(name)s. Record a leave first; it finds other dates for them.",
                ahead,
                name=row.name,
            ),
            field=field or None,
        )


def _may_take_role(unit: Unit, row: StaffRow, role: str) -> None:
    if role not in clinic_setup.ROLES:
        raise InvalidInput(say("Choose one of the roles."), field="role")
    if role == row.role:
        return
    if row.id == unit.actor.staff_id:
        raise InvalidInput(say("Somebody else has to change your role: you might lock yourself out."), field="role")
    _keeps_a_manager(unit, row)


def _keeps_a_manager(unit: Unit, row: StaffRow) -> None:
    """Two managers might let each other go at the same moment; one of them has to stay."""
    managers = select(StaffRow.id).where(StaffRow.role == "manager", StaffRow.active.is_(True))
    if set(unit.session.scalars(managers)) <= {row.id}:
        raise InvalidInput(say("The clinic needs somebody who manages it; this is the last one."), field="role")


def _give_address(unit: Unit, row: StaffRow, address: str) -> None:
    try:
        with unit.session.begin_nested():
            row.email = address
            unit.session.flush()
    except IntegrityError as error:
        raise InvalidInput(say("“%(address)s” already has an account.", address=address), field="email") from error

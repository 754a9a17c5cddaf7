"""The first run's form: five steps that carry along all that was typed, so that nothing is ever half made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from planner.diary.hours import Closure
from planner.errors import InvalidInput, PlannerError
from planner.services import accounts, clinic_place
from planner.services.clinic_setup import NewClinic, checked_name
from planner.services.countries import currency_of, language_of, zones_of
from planner.services.opening import Employee, Opening
from planner.web.days import read_day
from planner.web.owner.place import facts_from
from planner.web.owner.rooms import DAYS, read_days
from planner.web.owner.routes import Errors, errors_of
from planner.words import Text, say

STEPS: Final[tuple[tuple[str, Text], ...]] = (
    ("clinic", say("The clinic")),
    ("place", say("Place and holidays")),
    ("hours", say("Hours")),
    ("rooms", say("Rooms")),
    ("people", say("People")),
)
CLOSURES: Final = 3
COLLEAGUES: Final = 5
_FACTS: Final = ("name", "address", "phone", "email", "country")
_PLACE: Final = ("subdivision", "timezone", "language", "currency")
_CLOSURE: Final = tuple(f"{part}_{number}" for number in range(CLOSURES) for part in ("first", "last"))
# What each step asks for; the last one's is never carried along, because it has a password in it.
FIELDS: Final[Mapping[str, tuple[str, ...]]] = {
    "clinic": _FACTS,
    "place": (*_PLACE, *_CLOSURE),
    "hours": tuple(name for name, _ in DAYS),
    "rooms": ("rooms",),
}
USUAL_HOURS: Final = "09:00–12:00, 13:00–17:00"


def beginning() -> dict[str, str]:
    """What the form shows at first: a usual week, one room."""
    return {**{name: USUAL_HOURS for name, _ in DAYS[:5]}, "rooms": str(say("Room 1"))}


def with_guesses(form: Mapping[str, str]) -> dict[str, str]:
    """The form with what follows from the country, where nothing else is chosen."""
    country = form.get("country", "")
    zones = zones_of(country)
    guesses = {
        "timezone": zones[0] if len(zones) == 1 else "",
        "language": language_of(country),
        "currency": currency_of(country),
    }
    return {**form, **{name: form.get(name) or guess for name, guess in guesses.items()}}


def errors_in(step: str, form: Mapping[str, str]) -> Errors:
    """What is wrong with one step."""
    return _CHECKS[step](form)


def opening_from(form: Mapping[str, str]) -> Opening:
    """The clinic to open, of a form without errors.

    Raises:
        InvalidInput: nobody treats.
    """
    facts = facts_from(form)
    hours, _ = read_days(form)
    week = tuple(hours)
    me = Employee(
        form["my_name"], form["my_email"], "manager", week if "my_treats" in form else (), form["my_password"]
    )
    others = tuple(
        Employee(form[f"name_{n}"], form[f"email_{n}"], form[f"role_{n}"], week if f"treats_{n}" in form else ())
        for n in _colleagues(form)
    )
    return Opening(
        clinic=clinic_place.checked_place(facts),
        rooms=room_names(form),
        staff=(me, *others),
        closures=tuple(_closures(form)),
        language=facts.language,
        currency=facts.currency,
    )


def room_names(form: Mapping[str, str]) -> tuple[str, ...]:
    """One to a line."""
    return tuple(line.strip() for line in form.get("rooms", "").splitlines() if line.strip())


def _clinic(form: Mapping[str, str]) -> Errors:
    errors = _refused(lambda: NewClinic(form.get("name", ""), "UTC", form.get("country", "")))
    return errors | _refused(lambda: clinic_place.check_reach(facts_from(form)))


def _place(form: Mapping[str, str]) -> Errors:
    errors = _refused(lambda: clinic_place.checked_place(facts_from(form)))
    for number in range(CLOSURES):
        errors |= _refused(lambda number=number: _closure(form, number))  # type: ignore[misc]
    return errors


def _hours(form: Mapping[str, str]) -> Errors:
    lines, errors = read_days(form)
    if not lines and not errors:
        errors[DAYS[0][0]] = say("Write the times of at least one day.")
    return errors


def _rooms(form: Mapping[str, str]) -> Errors:
    names = room_names(form)
    if not names:
        return {"rooms": say("A clinic needs a room.")}
    for name in names:
        refused = _refused(lambda name=name: checked_name(name))  # type: ignore[misc]
        if refused:
            return {"rooms": next(iter(refused.values()))}
    spelled = [name.casefold() for name in names]
    twice = next((name for at, name in enumerate(names) if name.casefold() in spelled[:at]), None)
    return {"rooms": say("Two rooms are called %(name)s; nobody could tell them apart.", name=twice)} if twice else {}


def _people(form: Mapping[str, str]) -> Errors:
    errors = _person(form.get("my_name", ""), form.get("my_email", ""), "my_name", "my_email")
    names = [form.get(field, "") for field in ("name", "my_name", "my_email")]
    errors |= _refused(lambda: accounts.password_fits(_password(form), names), at="my_password")
    if _password(form) != form.get("my_repeated", ""):
        errors["my_repeated"] = say("The two passwords differ.")
    for n in _colleagues(form):
        errors |= _person(form.get(f"name_{n}", ""), form.get(f"email_{n}", ""), f"name_{n}", f"email_{n}")
    errors |= _addresses_twice(form)
    if "my_treats" not in form and not any(f"treats_{n}" in form for n in _colleagues(form)):
        errors["my_treats"] = say("Somebody must treat, else nobody can be booked.")
    return errors


_CHECKS: Final[Mapping[str, Callable[[Mapping[str, str]], Errors]]] = {
    "clinic": _clinic,
    "place": _place,
    "hours": _hours,
    "rooms": _rooms,
    "people": _people,
}


def _person(name: str, email: str, name_field: str, email_field: str) -> Errors:
    return _refused(lambda: checked_name(name), at=name_field) | _refused(
        lambda: accounts.normal_email(email), at=email_field
    )


def _addresses_twice(form: Mapping[str, str]) -> Errors:
    """What is wrong with an address that somebody above has already."""
    fields = ["my_email", *(f"email_{n}" for n in _colleagues(form))]
    typed = [form.get(field, "").strip().casefold() for field in fields]
    return {
        field: say("Somebody above has this address already; each signs in with their own.")
        for at, field in enumerate(fields)
        if typed[at] and typed[at] in typed[:at]
    }


def _colleagues(form: Mapping[str, str]) -> list[int]:
    """The numbers of those rows in which something is written."""
    return [n for n in range(COLLEAGUES) if form.get(f"name_{n}", "").strip() or form.get(f"email_{n}", "").strip()]


def _closures(form: Mapping[str, str]) -> list[Closure]:
    found = (_closure(form, number) for number in range(CLOSURES))
    return [closure for closure in found if closure is not None]


def _closure(form: Mapping[str, str], number: int) -> Closure | None:
    first, last = form.get(f"first_{number}", "").strip(), form.get(f"last_{number}", "").strip()
    if not first and not last:
        return None
    begins = read_day(first or last, f"first_{number}")
    try:
        return Closure(begins, read_day(last or first, f"last_{number}"))
    except InvalidInput as refusal:
        raise InvalidInput(refusal.message, field=f"last_{number}") from refusal


def _password(form: Mapping[str, str]) -> str:
    return form.get("my_password", "")


def _refused(check: Callable[[], object], *, at: str = "") -> Errors:
    """What a check says, at the field it names, or at the one that is given."""
    try:
        check()
    except PlannerError as refusal:
        return {at: refusal.message} if at else errors_of(refusal)
    return {}

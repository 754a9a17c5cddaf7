"""The clinic's own facts, and who may change them."""

from datetime import date, datetime, time

import pytest
from sqlalchemy import select

from planner.diary.hours import Closure, Leave, WeeklyHours
from planner.errors import InvalidInput, NotAllowed, NotFound
from planner.services import clinic_setup
from planner.services.accounts import SignInRefused, sign_in
from planner.services.clinic_setup import NewClinic
from planner.services.runtime import Actor
from planner.services.sessions import actor_for
from planner.storage.audit_rows import AuditRow
from planner.storage.opening import ClosureRow, HoursRow, LeaveRow
from planner.storage.people import ClinicRow, RoomRow, StaffRow

LEAVE = Leave.whole_days(date(2026, 3, 9), date(2026, 3, 13), "holiday")
CHANGES = [
    lambda unit, clinic: clinic_setup.change_policies(unit, notice_hours=48),
    lambda unit, clinic: clinic_setup.set_automation(unit, {"miss": "off"}),
    lambda unit, clinic: clinic_setup.add_staff(unit, "Di", "di@example.org", "reception", "a long password"),
    lambda unit, clinic: clinic_setup.deactivate_staff(unit, clinic.rosa.id),
    lambda unit, clinic: clinic_setup.add_room(unit, "Room 3"),
    lambda unit, clinic: clinic_setup.close_room(unit, clinic.rooms[0]),
    lambda unit, clinic: clinic_setup.set_room_hours(unit, clinic.rooms[0], []),
    lambda unit, clinic: clinic_setup.add_closure(unit, Closure(date(2026, 12, 24), date(2026, 12, 31))),
]


@pytest.mark.parametrize("change", CHANGES)
def test_a_manager_may_change_the_clinic_and_others_may_not(runtime, clinic, change):
    """Every change is kept with who made it."""
    for person in (clinic.rosa, clinic.ben):
        with pytest.raises(NotAllowed), runtime.writing(person.actor) as unit:
            change(unit, clinic)
    with runtime.writing(clinic.mo.actor) as unit:
        change(unit, clinic)
    with runtime.reading(clinic.system) as unit:
        assert unit.session.scalars(select(AuditRow.actor_id).order_by(AuditRow.number)).all()[-1] == clinic.mo.id


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"name": " "}, "name"),
        ({"name": "x" * 201}, "name"),
        ({"name": "\u200e\u200f"}, "name"),
        ({"name": "Bo\u202egnol"}, "name"),
        ({"name": "a\u0007b"}, "name"),
        ({"timezone": "Europe/Nowhere"}, "timezone"),
        ({"timezone": "../etc/passwd"}, "timezone"),
        ({"country": "XX"}, "country"),
        ({"subdivision": "XX"}, "subdivision"),
    ],
)
def test_a_clinic_no_diary_could_be_computed_for_is_refused(values, field):
    """Naming the field."""
    with pytest.raises(InvalidInput) as refusal:
        NewClinic(**({"name": "Northside", "timezone": "Europe/London", "country": "GB"} | values))
    assert refusal.value.field == field


@pytest.mark.parametrize(
    "name",
    [
        "W" * 200,
        "🧑‍⚕️" * 40,
        "محمد \u200fAl-Fayed\u200e (لندن)",
        "Edinburgh 🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f",
        "می\u200cخواهم",
        "ดวงใจ พงษ์ประเสริฐ",
    ],
)
def test_a_name_is_kept_in_any_script_with_the_marks_it_needs(name):
    """Up to 200 characters, letter by letter."""
    assert clinic_setup.checked_name(f"  {name} ") == name


def test_a_clinic_begins_with_the_usual_policies(runtime):
    """24 hours' notice, 30 minutes' grace."""
    clinic_id = clinic_setup.create_clinic(runtime, NewClinic("  North  side ", "America/New_York", "US", "NY"))
    with runtime.reading(Actor.system(clinic_id)) as unit:
        assert (unit.clinic.name, unit.clinic.notice_hours, unit.clinic.grace_minutes) == ("North side", 24, 30)


@pytest.mark.parametrize(
    ("policies", "field"),
    [
        ({"notice_hours": -1}, "notice_hours"),
        ({"notice_hours": 10**9}, "notice_hours"),
        ({"horizon_days": 27}, "horizon_days"),
        ({"grace_minutes": True}, "grace_minutes"),
        ({"id": 1}, "id"),
        ({"name": 1}, "name"),
    ],
)
def test_a_policy_that_makes_no_sense_is_refused_and_none_is_changed(runtime, clinic, policies, field):
    """Also when another one beside it is right."""
    with pytest.raises(InvalidInput) as refusal, runtime.writing(clinic.mo.actor) as unit:
        clinic_setup.change_policies(unit, hold_minutes=7, **policies)
    assert refusal.value.field == field
    with runtime.reading(clinic.system) as unit:
        assert unit.clinic.hold_minutes == 5


def test_the_planner_does_all_by_itself_until_somebody_says_otherwise(runtime, clinic):
    """Each thing has a level of its own; nobody is written to about free places before somebody wants that."""
    with runtime.writing(clinic.mo.actor) as unit:
        clinic_setup.set_automation(unit, {"miss": "propose", "leave": "off"})
        clinic_setup.set_automation(unit, {"leave": "propose"})
    with runtime.reading(clinic.system) as unit:
        levels = {about: clinic_setup.automation_level(unit.clinic, about) for about in clinic_setup.AUTOMATED}
    assert levels == {"miss": "propose", "cancel": "apply", "leave": "propose", "backfill": "propose"}


@pytest.mark.parametrize(
    ("levels", "field"),
    [
        ({"miss": "on"}, "automation_miss"),
        ({"x": "off"}, "automation_x"),
        ({"backfill": "on"}, "automation_backfill"),
    ],
)
def test_a_level_that_is_none_is_refused_and_nothing_is_changed(runtime, clinic, levels, field):
    """Also when another one beside it is right."""
    with pytest.raises(InvalidInput) as refusal, runtime.writing(clinic.mo.actor) as unit:
        clinic_setup.set_automation(unit, {"cancel": "off", **levels})
    assert refusal.value.field == field
    with runtime.reading(clinic.system) as unit:
        assert unit.clinic.automation == {}


def test_a_new_colleague_can_sign_in(runtime, clinic):
    """With the address in any spelling."""
    with runtime.writing(clinic.mo.actor) as unit:
        clinic_setup.add_staff(unit, "Di Marsh", "Di@Example.org", "therapist", "a long password", treats=True)
    assert sign_in(runtime, "di@example.ORG", "a long password")[1].role == "therapist"


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"email": "no address"}, "email"),
        ({"email": "rosa@example.org"}, "email"),
        ({"email": "CY-ROSA@example.org"}, "email"),
        ({"role": "owner"}, "role"),
        ({"password": "short"}, "new_password"),
        ({"name": ""}, "name"),
    ],
)
def test_a_colleague_who_could_not_sign_in_is_refused(runtime, clinic, other_clinic, values, field):
    """An address belongs to one account among all clinics; the transaction stays usable."""
    new = {"name": "Di", "email": "di@example.org", "role": "reception", "password": "a long password"} | values
    with runtime.writing(clinic.mo.actor) as unit:
        with pytest.raises(InvalidInput) as refusal:
            clinic_setup.add_staff(unit, **new)
        assert refusal.value.field == field
        assert len(unit.session.scalars(select(StaffRow)).all()) == 3


def test_somebody_who_left_is_out_at_once(runtime, clinic):
    """Signed out everywhere, and the password opens nothing."""
    token, _ = sign_in(runtime, clinic.rosa.email, clinic.rosa.password)
    with runtime.writing(clinic.mo.actor) as unit:
        clinic_setup.deactivate_staff(unit, clinic.rosa.id)
    assert actor_for(runtime, token) is None
    with pytest.raises(SignInRefused):
        sign_in(runtime, clinic.rosa.email, clinic.rosa.password)


def test_nobody_closes_their_own_account(runtime, clinic):
    """The last manager would lock everybody out."""
    with pytest.raises(InvalidInput), runtime.writing(clinic.mo.actor) as unit:
        clinic_setup.deactivate_staff(unit, clinic.mo.id)


def test_a_closed_room_stays_with_its_history(runtime, clinic):
    """It is only not booked any more."""
    with runtime.writing(clinic.mo.actor) as unit:
        clinic_setup.close_room(unit, clinic.rooms[0])
    with runtime.reading(clinic.system) as unit:
        assert not unit.get(RoomRow, clinic.rooms[0]).active


def test_new_hours_replace_the_old_ones_of_that_person_only(runtime, clinic):
    """The rooms keep theirs."""
    morning = WeeklyHours(0, time(9), time(12), from_day=date(2026, 4, 1))
    with runtime.writing(clinic.mo.actor) as unit:
        clinic_setup.set_practitioner_hours(unit, clinic.ben.id, [morning])
    with runtime.reading(clinic.system) as unit:
        hours = unit.session.scalars(select(HoursRow)).all()
    (mine,) = [row for row in hours if row.practitioner_id == clinic.ben.id]
    assert (mine.weekday, mine.start, mine.end) == (0, time(9), time(12))
    assert (mine.from_day, mine.to_day) == (date(2026, 4, 1), None)
    assert len(hours) == 1 + 2 * 5


def test_hours_and_leave_are_only_for_people_who_treat(runtime, clinic):
    """Nobody is booked with reception."""
    with runtime.writing(clinic.mo.actor) as unit:
        for change in (
            lambda: clinic_setup.set_practitioner_hours(unit, clinic.rosa.id, []),
            lambda: clinic_setup.add_leave(unit, clinic.rosa.id, LEAVE),
        ):
            with pytest.raises(InvalidInput):
                change()


def test_hours_are_set_by_reception_and_not_by_a_therapist(runtime, clinic):
    """As leave is."""
    with runtime.writing(clinic.rosa.actor) as unit:
        clinic_setup.set_practitioner_hours(unit, clinic.ben.id, [])
    with pytest.raises(NotAllowed), runtime.writing(clinic.ben.actor) as unit:
        clinic_setup.set_practitioner_hours(unit, clinic.ben.id, [])


def test_leave_is_recorded_by_reception_and_taken_back_once(runtime, clinic):
    """The row stays, marked."""
    with runtime.writing(clinic.rosa.actor) as unit:
        leave = clinic_setup.add_leave(unit, clinic.ben.id, LEAVE).id
    with runtime.writing(clinic.rosa.actor) as unit:
        clinic_setup.withdraw_leave(unit, leave)
    with runtime.reading(clinic.system) as unit:
        row = unit.get(LeaveRow, leave)
        assert (row.starts, row.ends) == (datetime.fromisoformat("2026-03-09"), datetime.fromisoformat("2026-03-14"))
        assert row.withdrawn_at is not None
    with pytest.raises(InvalidInput), runtime.writing(clinic.rosa.actor) as unit:
        clinic_setup.withdraw_leave(unit, leave)


def test_the_same_leave_is_not_recorded_twice(runtime, clinic):
    """One about the same time with the same reason; more of it, another reason or somebody else's is recorded."""
    holiday = Leave.whole_days(date(2026, 3, 9), date(2026, 3, 13), "Holiday")
    with runtime.writing(clinic.mo.actor) as unit:
        clara = clinic_setup.add_staff(unit, "Clara", "clara@example.org", "therapist", "a long password", treats=True)
        first = clinic_setup.add_leave(unit, clinic.ben.id, holiday).id
        clinic_setup.add_leave(unit, clara.id, holiday)
        clinic_setup.add_leave(unit, clinic.ben.id, Leave.whole_days(date(2026, 3, 14), date(2026, 3, 20), "Holiday"))
        clinic_setup.add_leave(unit, clinic.ben.id, Leave.whole_days(date(2026, 3, 11), date(2026, 3, 11), "Ill"))
        clinic_setup.add_leave(unit, clinic.ben.id, Leave(datetime(2026, 4, 1, 9), datetime(2026, 4, 1, 12)))
    for again, when in (
        (holiday, "from Monday 9 March to Friday 13 March (“Holiday”)"),
        (Leave.whole_days(date(2026, 3, 11), date(2026, 3, 12), "ill"), "on Wednesday 11 March (“Ill”)"),
        (Leave(datetime(2026, 3, 16, 9), datetime(2026, 3, 16, 10), "HOLIDAY"), "from Saturday 14 March to"),
        (
            Leave.whole_days(date(2026, 4, 1), date(2026, 4, 1)),
            "from Wednesday 1 April 09:00 to Wednesday 1 April 12:00",
        ),
    ):
        with pytest.raises(InvalidInput) as refusal, runtime.writing(clinic.mo.actor) as unit:
            clinic_setup.add_leave(unit, clinic.ben.id, again)
        assert refusal.value.field == "first_day"
        assert f"is recorded already: Ben Okafor is away {when}" in refusal.value.message
    with runtime.writing(clinic.mo.actor) as unit:
        clinic_setup.withdraw_leave(unit, first)
        clinic_setup.add_leave(unit, clinic.ben.id, Leave.whole_days(date(2026, 3, 9), date(2026, 3, 13), "Holiday"))


def test_a_closure_can_be_taken_back(runtime, clinic):
    """It leaves no row, only the audit."""
    with runtime.writing(clinic.mo.actor) as unit:
        closure = clinic_setup.add_closure(unit, Closure(date(2026, 12, 24), date(2026, 12, 31), "Christmas")).id
    with runtime.writing(clinic.mo.actor) as unit:
        clinic_setup.remove_closure(unit, closure)
        assert unit.session.scalars(select(ClosureRow)).all() == []


def test_another_clinics_people_and_rooms_are_not_found(runtime, clinic, other_clinic):
    """Whatever a manager may do at home."""
    with runtime.writing(other_clinic.mo.actor) as unit:
        for change in (
            lambda: clinic_setup.deactivate_staff(unit, clinic.rosa.id),
            lambda: clinic_setup.close_room(unit, clinic.rooms[0]),
            lambda: clinic_setup.set_room_hours(unit, clinic.rooms[0], []),
            lambda: clinic_setup.set_practitioner_hours(unit, clinic.ben.id, []),
            lambda: clinic_setup.add_leave(unit, clinic.ben.id, LEAVE),
        ):
            with pytest.raises(NotFound):
                change()


def test_the_policies_limits_fit_the_checks_of_the_table():
    """A number the program accepts must not be refused by the database."""
    columns = ClinicRow.__table__.columns
    assert all(name in columns for name in clinic_setup.POLICY_LIMITS)
    assert clinic_setup.POLICY_LIMITS["horizon_days"] == (28, 366)

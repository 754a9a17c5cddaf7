"""Taking people on, changing what they may do, letting them go: and always somebody is left who manages the clinic."""

from dataclasses import replace

import pytest

from planner.errors import InvalidInput, NotAllowed, StaleForm
from planner.notify.outtray import OuttrayMailer
from planner.services import account_links, accounts, sessions, staff_desk
from planner.services.audit import Asked, search
from planner.services.staff_desk import PersonDetails
from planner.storage.doors import AccountLetterRow
from planner.storage.people import StaffRow
from tests.factories import PASSWORD
from tests.web.ana_course import book_ana

DI = PersonDetails("Di Marsh", "Di@Example.org", "therapist", treats=True, language="de")


def change(runtime, clinic, staff_id, **values):
    """Change a person as the page does."""
    member = staff_desk.person(runtime, clinic.mo.actor, staff_id)
    details = replace(member.details, **values)
    staff_desk.change(runtime, clinic.mo.actor, staff_id, details, seen=member.seen, password=PASSWORD)


@pytest.fixture
def without_mail(runtime, tmp_path):
    """The same program without a mail server."""
    return replace(runtime, mailer=OuttrayMailer(tmp_path / "outtray"))


def owed(runtime):
    """The letters about accounts that wait: (kind, address)."""
    with runtime.database.reading(None) as session:
        return [(row.kind, row.address) for row in session.query(AccountLetterRow)]


def choose(runtime, handed, password):
    """Use a link that was handed over."""
    account_links.choose_password(runtime, handed.link.rpartition("/")[2], password)


def test_without_a_mail_server_the_link_is_handed_over(without_mail, clinic, tmp_path):
    """It opens the account once; no file of the outtray has it, for reception reads that."""
    handed = staff_desk.take_on(without_mail, clinic.mo.actor, DI, PASSWORD)
    assert staff_desk.person(without_mail, clinic.mo.actor, handed.staff_id).invited
    choose(without_mail, handed, "words of her own")
    _, di = accounts.sign_in(without_mail, "di@example.org", "words of her own")
    assert (di.role, di.password_once) == ("therapist", False)
    assert not staff_desk.person(without_mail, clinic.mo.actor, handed.staff_id).invited
    assert owed(without_mail) == []
    assert not (tmp_path / "outtray").exists()


def test_with_a_mail_server_nobody_but_the_colleague_sees_the_link(runtime, clinic):
    """An invitation at first, a link for another password later."""
    handed = staff_desk.take_on(runtime, clinic.mo.actor, DI, PASSWORD)
    assert handed.link == ""
    staff_desk.new_link(runtime, clinic.mo.actor, clinic.ben.id)
    assert owed(runtime) == [("invitation", "di@example.org"), ("reset", "ben@example.org")]


def test_what_is_said_of_somebody_is_kept(runtime, clinic):
    """Also what they read."""
    staff_id = staff_desk.take_on(runtime, clinic.mo.actor, DI, PASSWORD).staff_id
    change(runtime, clinic, staff_id, name="Di  Marsh-Lee", role="reception", treats=False, language=None)
    details = staff_desk.person(runtime, clinic.mo.actor, staff_id).details
    assert details == PersonDetails("Di Marsh-Lee", "di@example.org", "reception", treats=False, language=None)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"name": " "}, "name"),
        ({"email": "di"}, "email"),
        ({"email": "MO@example.org"}, "email"),
        ({"role": "owner"}, "role"),
        ({"language": "fr"}, "language"),
    ],
)
def test_what_makes_no_sense_is_refused_and_nothing_is_changed(runtime, clinic, values, field):
    """For somebody new and for somebody known."""
    with pytest.raises(InvalidInput) as refusal:
        staff_desk.take_on(runtime, clinic.mo.actor, replace(DI, **values), PASSWORD)
    assert refusal.value.field == field
    with pytest.raises(InvalidInput) as refusal:
        change(runtime, clinic, clinic.rosa.id, **values)
    assert refusal.value.field == field
    assert [each.details.name for each in staff_desk.people(runtime, clinic.mo.actor)] == [
        "Ben Okafor", "Mo Adeyemi", "Rosa Lind",
    ]  # fmt: skip


def test_the_last_manager_can_neither_go_nor_take_another_role(runtime, clinic):
    """Not even when a second one, who managed until a moment ago, presses the button."""
    change(runtime, clinic, clinic.rosa.id, role="manager")
    rosa = replace(clinic.rosa.actor, role="manager")
    member = staff_desk.person(runtime, clinic.mo.actor, clinic.mo.id)
    change(runtime, clinic, clinic.rosa.id, role="reception")
    for last in (
        lambda: staff_desk.let_go(runtime, rosa, clinic.mo.id),
        lambda: staff_desk.change(
            runtime, rosa, clinic.mo.id, replace(member.details, role="reception"), seen=member.seen
        ),
    ):
        with pytest.raises(InvalidInput, match="last one"):
            last()


def test_nobody_changes_their_own_role_or_lets_themselves_go(runtime, clinic):
    """Their name and address they may."""
    change(runtime, clinic, clinic.rosa.id, role="manager")
    with pytest.raises(InvalidInput) as refusal:
        change(runtime, clinic, clinic.mo.id, role="reception")
    assert refusal.value.field == "role"
    with pytest.raises(InvalidInput):
        staff_desk.let_go(runtime, clinic.mo.actor, clinic.mo.id)
    with pytest.raises(InvalidInput):
        staff_desk.new_link(runtime, clinic.mo.actor, clinic.mo.id)
    change(runtime, clinic, clinic.mo.id, name="Mo A.")


def test_whoever_has_visits_ahead_stays_until_they_are_moved(runtime, clinic):
    """Neither let go nor said to treat no more."""
    book_ana(runtime, clinic)
    ahead = staff_desk.person(runtime, clinic.mo.actor, clinic.ben.id).ahead
    assert ahead > 0
    for leaving in (
        lambda: staff_desk.let_go(runtime, clinic.mo.actor, clinic.ben.id),
        lambda: change(runtime, clinic, clinic.ben.id, treats=False),
    ):
        with pytest.raises(InvalidInput, match=f"{ahead} visits are still booked with Ben Okafor"):
            leaving()


def test_somebody_who_left_is_out_at_once_and_comes_back_by_a_link(without_mail, clinic):
    """The old password opens nothing any more."""
    token, _ = accounts.sign_in(without_mail, clinic.rosa.email, clinic.rosa.password)
    staff_desk.let_go(without_mail, clinic.mo.actor, clinic.rosa.id)
    assert sessions.actor_for(without_mail, token) is None
    assert not staff_desk.people(without_mail, clinic.mo.actor)[-1].active
    with pytest.raises(InvalidInput):
        staff_desk.new_link(without_mail, clinic.mo.actor, clinic.rosa.id, PASSWORD)
    handed = staff_desk.take_back(without_mail, clinic.mo.actor, clinic.rosa.id, PASSWORD)
    with pytest.raises(accounts.SignInRefused):
        accounts.sign_in(without_mail, clinic.rosa.email, clinic.rosa.password)
    choose(without_mail, handed, "words of her own")
    assert accounts.sign_in(without_mail, clinic.rosa.email, "words of her own")


def test_a_link_for_a_colleague_changes_nothing_until_it_is_used(without_mail, clinic):
    """Then they are signed out everywhere."""
    token, _ = accounts.sign_in(without_mail, clinic.ben.email, clinic.ben.password)
    handed = staff_desk.new_link(without_mail, clinic.mo.actor, clinic.ben.id, PASSWORD)
    assert sessions.actor_for(without_mail, token)
    choose(without_mail, handed, "words of his own")
    assert sessions.actor_for(without_mail, token) is None


def test_what_could_take_an_account_over_asks_for_the_password_again(without_mail, clinic):
    """Whoever finds a manager's browser open must not turn links to themselves: address, link and factor."""
    mo = clinic.mo.actor
    for staff_id in (clinic.mo.id, clinic.rosa.id):
        member = staff_desk.person(without_mail, mo, staff_id)
        with pytest.raises(InvalidInput) as refusal:
            staff_desk.change(
                without_mail, mo, staff_id, replace(member.details, email="evil@example.org"), seen=member.seen
            )
        assert refusal.value.field == "password"
        assert staff_desk.person(without_mail, mo, staff_id).details == member.details
    for asking in (staff_desk.new_link, staff_desk.reset_factors):
        with pytest.raises(InvalidInput) as refusal:
            asking(without_mail, mo, clinic.rosa.id, "a wrong password")
        assert refusal.value.field == "confirm"
    details = replace(member.details, email="rosa.lind@example.org")
    staff_desk.change(without_mail, mo, clinic.rosa.id, details, seen=member.seen, password=PASSWORD)
    assert staff_desk.person(without_mail, mo, clinic.rosa.id).details == details
    (line,) = search(without_mail, mo, Asked(action="change staff")).lines
    assert line.details["address"]


def test_nobody_comes_in_or_rises_without_the_managers_password(without_mail, clinic):
    """Else an open browser makes an account that stays: by taking on, taking back after letting go, or a role."""
    mo, wrong = clinic.mo.actor, "a wrong password"
    rosa = staff_desk.person(without_mail, mo, clinic.rosa.id)
    manager = replace(rosa.details, role="manager")
    staff_desk.let_go(without_mail, mo, clinic.rosa.id)
    for field, asking in (
        ("password", lambda: staff_desk.take_on(without_mail, mo, DI, wrong)),
        ("confirm", lambda: staff_desk.take_back(without_mail, mo, clinic.rosa.id, wrong)),
        ("password", lambda: staff_desk.change(without_mail, mo, clinic.rosa.id, manager, seen="")),
        ("password", lambda: staff_desk.require_factor(without_mail, mo, [], wrong)),
    ):
        with pytest.raises(InvalidInput) as refusal:
            asking()
        assert refusal.value.field == field
    assert len(staff_desk.people(without_mail, mo)) == 3
    assert not staff_desk.person(without_mail, mo, clinic.rosa.id).active


def test_two_who_change_one_person_do_not_overwrite_each_other(runtime, clinic):
    """The second sees what the first wrote."""
    member = staff_desk.person(runtime, clinic.mo.actor, clinic.rosa.id)
    change(runtime, clinic, clinic.rosa.id, name="Rosa L.")
    with pytest.raises(StaleForm):
        staff_desk.change(runtime, clinic.mo.actor, clinic.rosa.id, member.details, seen=member.seen)


@pytest.mark.parametrize(
    "act",
    [
        lambda runtime, clinic, who: staff_desk.take_on(runtime, who, DI, PASSWORD),
        lambda runtime, clinic, who: staff_desk.let_go(runtime, who, clinic.mo.id),
        lambda runtime, clinic, who: staff_desk.take_back(runtime, who, clinic.mo.id, PASSWORD),
        lambda runtime, clinic, who: staff_desk.require_factor(runtime, who, [], PASSWORD),
        lambda runtime, clinic, who: staff_desk.new_link(runtime, who, clinic.mo.id),
        lambda runtime, clinic, who: staff_desk.reset_factors(runtime, who, clinic.mo.id, PASSWORD),
        lambda runtime, clinic, who: staff_desk.change(runtime, who, clinic.mo.id, DI, seen=""),
    ],
)
def test_only_a_manager_decides_about_people(runtime, clinic, act):
    """Whatever page was asked."""
    for person in (clinic.rosa, clinic.ben):
        with pytest.raises(NotAllowed):
            act(runtime, clinic, person.actor)


def test_everybody_chooses_what_they_read(runtime, clinic):
    """Their own, or the clinic's."""
    staff_desk.choose_language(runtime, clinic.ben.actor, "es")
    token, _ = accounts.sign_in(runtime, clinic.ben.email, clinic.ben.password)
    assert sessions.actor_for(runtime, token).language == "es"
    staff_desk.choose_language(runtime, clinic.ben.actor, None)
    assert sessions.actor_for(runtime, token).language == "en"
    with runtime.reading(clinic.system) as unit:
        assert unit.get(StaffRow, clinic.rosa.id).language is None

"""What the audit keeps of those who come in or do not: the provider's network, and which browser it was."""

import pytest
from sqlalchemy import select

from planner.errors import InvalidInput
from planner.services import accounts, authenticator, sessions
from planner.services.origin import NOWHERE, at_the_door, origin_of, roughly
from planner.services.second_factor import Half
from planner.storage.audit_rows import AuditRow
from tests.factories import PASSWORD
from tests.services.test_second_factor import app, code, rosa

__all__ = ["app", "rosa"]


@pytest.mark.parametrize(
    ("network", "kept"),
    [
        ("203.0.113.77", "203.0.113.0/24"),
        ("10.4.5.6", "10.4.5.0/24"),
        ("2001:db8:12:34::/64", "2001:db8:12::/48"),
        ("127.0.0.1", ""),
        ("::1", ""),
        ("", ""),
    ],
)
def test_only_the_providers_network_is_kept(network, kept):
    """An owner can tell a colleague's town from a stranger's, and not one household from the next."""
    assert roughly(network) == kept


def test_who_opened_nothing_has_no_browser():
    """One that did has the sign that its later lines have."""
    assert at_the_door("", "") == NOWHERE
    assert at_the_door("203.0.113.77", "").session == ""
    assert at_the_door("2001:db8:12:34::/64", "token") == origin_of("2001:db8:12:34::1", "token")


def lines(runtime, clinic):
    """The audit's lines about Rosa's account."""
    with runtime.reading(clinic.mo.actor) as unit:
        query = select(AuditRow).where(AuditRow.subject == f"staff/{clinic.rosa.id}").order_by(AuditRow.number)
        return unit.session.scalars(query).all()


def test_a_sign_in_and_a_refusal_say_from_where(runtime, clinic):
    """And neither the address nor anything that opens a door."""
    with pytest.raises(accounts.SignInRefused):
        accounts.enter(runtime, clinic.rosa.email, "not the password", network="198.51.100.9")
    token, _ = accounts.sign_in(runtime, clinic.rosa.email, PASSWORD, network="203.0.113.77")
    refused, entered = lines(runtime, clinic)[-2:]
    assert (refused.action, refused.details, refused.session) == (
        "sign-in failed", {"network": "198.51.100.0/24"}, "",
    )  # fmt: skip
    assert (entered.action, entered.details) == ("sign in", {"network": "203.0.113.0/24"})
    assert entered.session == origin_of(None, token).session
    assert entered.network == "private"  # These networks are for examples, and belong to nobody.
    assert token not in str(entered.__dict__)
    assert "203.0.113.77" not in str(entered.__dict__)


def test_a_second_factor_says_so_too(runtime, clinic, clock, app):
    """Right or wrong."""
    half = accounts.enter(runtime, clinic.rosa.email, PASSWORD)
    assert isinstance(half, Half)
    with pytest.raises(InvalidInput):
        authenticator.prove(runtime, half, "000000", network="203.0.113.77")
    token, _ = authenticator.prove(runtime, half, code(app[0], clock), network="203.0.113.77")
    wrong, right = lines(runtime, clinic)[-2:]
    assert (wrong.action, right.action) == ("second factor failed", "sign in with totp")
    assert wrong.details == right.details == {"network": "203.0.113.0/24"}
    assert (wrong.session, right.session) == ("", origin_of(None, token).session)
    assert sessions.actor_for(runtime, token).staff_id == clinic.rosa.id

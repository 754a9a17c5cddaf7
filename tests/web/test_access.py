"""The access table and what it decides."""

import pytest
from flask import Flask

from planner.services.runtime import Actor
from planner.web.access import ACCESS, check_complete, may
from planner.web.admitted import united

WHO = ("public", "staff", "reception", "therapist", "manager", "patient-link", "feed-token")


def small_app(rule="/page"):
    """An app with one page."""
    app = Flask("small", static_folder=None)
    app.add_url_rule(rule, "page", lambda **_: "")
    return app


def test_a_route_without_a_row_stops_the_program():
    """Forgetting to decide must not mean that everybody may."""
    with pytest.raises(ValueError, match="page"):
        check_complete(small_app(), {})


def test_a_row_without_a_route_stops_the_program():
    """A mistyped name would leave the real route open or shut."""
    with pytest.raises(ValueError, match="gone"):
        check_complete(small_app(), {"page": "public", "gone": "public"})


@pytest.mark.parametrize("who", ["patient-link", "feed-token"])
def test_a_route_opened_by_a_token_must_have_one(who):
    """Else it would be open to everybody."""
    with pytest.raises(ValueError, match="token"):
        check_complete(small_app(), {"page": who})
    check_complete(small_app("/p/<token>"), {"page": who})


def test_every_entry_of_the_table_is_a_word_it_knows():
    """A misspelt role would lock everybody out, or in."""
    assert set(ACCESS.values()) <= set(WHO)


@pytest.mark.parametrize(
    ("role", "open_to"),
    [
        ("reception", {"public", "staff", "reception"}),
        ("therapist", {"public", "staff", "therapist"}),
        ("manager", {"public", "staff", "reception", "therapist", "manager"}),
    ],
)
def test_each_role_opens_its_own_pages_and_a_manager_all(role, open_to):
    """But nobody's role opens a patient's link or a feed."""
    actor = Actor(clinic_id=1, name="-", role=role, staff_id=1)
    assert {who for who in WHO if may(actor, who)} == open_to


def test_two_areas_can_not_decide_about_one_route():
    """The later table would silently win."""
    with pytest.raises(ValueError, match=r"twice: courses\.undo"):
        united([{"courses.undo": "staff", "courses.end": "staff"}, {"courses.undo": "public"}])

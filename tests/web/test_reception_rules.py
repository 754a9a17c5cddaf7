"""The page of the clinic's rules: the manager says whose appointments may move."""

import pytest

from planner.services.rules_view import rules_of


@pytest.fixture
def mo(browser_of, clinic):
    """The manager's browser."""
    return browser_of(clinic.mo)


@pytest.mark.parametrize("word", ["unconfirmed", "any", "never"])
def test_the_manager_says_whose_visits_may_move(mo, runtime, clinic, word):
    """It is kept, and marked when the page is opened again."""
    page = mo.post("/rules", {"displacing": word}, follow_redirects=True).text
    assert "It holds from the next change on" in page
    assert rules_of(runtime, clinic.mo.actor).displacing == word
    assert f'value="{word}"' in page.split("checked")[0].rsplit("<input", 1)[1]


def test_a_word_that_is_none_is_refused_at_its_field(mo, runtime, clinic):
    """422, and nothing changed."""
    answer = mo.post("/rules", {"displacing": "sometimes"})
    assert answer.status_code == 422
    assert "Choose never, unconfirmed or any" in answer.text
    assert rules_of(runtime, clinic.mo.actor).displacing == "never"


def test_nobody_else_sees_or_changes_the_rules(browser_of, clinic, other_clinic):
    """Neither in the bar nor by address; another clinic has its own."""
    for person in (clinic.rosa, clinic.ben):
        browser = browser_of(person)
        assert browser.get("/rules").status_code == 403
        assert browser.post("/rules", {"displacing": "any"}).status_code == 403
        assert 'href="/rules"' not in browser.get("/patients").text
    browser_of(clinic.mo).post("/rules", {"displacing": "any"})
    assert 'value="never" id="displacing" checked' in browser_of(other_clinic.mo).get("/rules").text

"""The bar: everything that somebody may open, in its place, and nothing else."""

import pytest

from planner.web.access import ACCESS
from planner.web.navigation import CLINIC, MAIN, OWN, home_of, navigation_for
from planner.words import Text


def bar_of(app, person, path="/"):
    """The words of each part of the bar on a page."""
    with app.test_request_context(path):
        bar = navigation_for(person.actor)
        return [[link.words for link in part] for part in (bar.main, bar.clinic, bar.own)]


def test_every_link_leads_to_a_page_in_words_that_are_translated():
    """A mistyped endpoint would never be seen missing."""
    for item in (*MAIN, *CLINIC, *OWN):
        assert item.endpoint in ACCESS
        assert isinstance(item.words, Text)


def test_each_role_sees_what_it_may_open(app, clinic):
    """Reception no figures and no settings, a therapist no leave, a manager all."""
    assert bar_of(app, clinic.rosa)[0] == ["Today", "Diary", "Patients", "Worklists"]
    assert bar_of(app, clinic.ben)[0] == ["Diary", "My day", "Patients", "Worklists"]
    assert bar_of(app, clinic.mo)[0] == [item.words for item in MAIN]
    assert "Settings" not in bar_of(app, clinic.rosa)[1]
    assert bar_of(app, clinic.ben)[1] == ["Estimates"]
    assert bar_of(app, clinic.ben)[2] == ["My calendar", "My account", "Language", "My password"]


def test_the_outtray_stands_there_while_nothing_goes_out_by_mail(app, clinic):
    """With a mail server there is none to look into."""
    assert "Outtray" in bar_of(app, clinic.rosa)[1]
    app.config["OUTTRAY"] = None
    assert "Outtray" not in bar_of(app, clinic.rosa)[1]


@pytest.mark.parametrize(("who", "home"), [("rosa", "/today"), ("ben", "/my-day"), ("mo", "/today")])
def test_everybody_begins_with_the_own_work(app, clinic, who, home):
    """Not with the diary of all."""
    with app.test_request_context("/"):
        assert home_of(getattr(clinic, who).actor) == home
        assert home_of(None) == "/"


def test_one_link_is_where_one_is(app, clinic):
    """The others are not."""
    with app.test_request_context("/patients"):
        here = [link.words for link in navigation_for(clinic.rosa.actor).main if link.current]
    assert here == ["Patients"]


def test_a_stranger_and_a_patient_have_no_bar(app, clinic):
    """Their pages stand for themselves."""
    with app.test_request_context("/"):
        assert navigation_for(None) == navigation_for(clinic.system)
        assert navigation_for(None).main == ()

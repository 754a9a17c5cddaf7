"""Changing the frequency: rows edited without a script, a preview that keeps nothing, and exactly that applied."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.care.course import GapDays, Phase, PhaseName
from planner.services import moving
from planner.services.rhythms import usual_rhythms
from planner.web.phase_form import PhaseRow, changed_rows, read_rows, rows_of, typed_rows
from tests.web.ana_course import book_ana


@pytest.fixture
def course(runtime, clinic):
    """Ana's ten sessions with Ben."""
    return book_ana(runtime, clinic)


@pytest.fixture
def ben(browser_of, clinic, course):
    """Ben's browser."""
    return browser_of(clinic.ben)


def form_of(*rows):
    """A form with these phases: (name, sessions, target, min, max)."""
    parts = ("name", "sessions", "target", "min", "max")
    return {
        f"phase-{index}-{part}": str(value)
        for index, row in enumerate(rows)
        for part, value in zip(parts, row, strict=True)
    }


FEWER = form_of(("intensive", 4, 7, 5, 9))
WIDER = form_of(("intensive", 7, 7, 5, 9), ("taper", 3, 21, 14, 28))


def digest_in(page):
    """What the form of a preview agrees to."""
    return re.search(r'name="digest" value="([0-9a-f]{64})"', page)[1]


def test_the_page_begins_with_the_phases_as_they_are(ben, course):
    """Nothing is previewed before something is changed."""
    page = ben.get(f"/courses/{course.id}/frequency").text
    assert 'name="phase-0-sessions" type="number" value="5"' in page
    assert "Change a phase above" in page


def test_a_preview_shows_both_courses_and_changes_nothing(ben, course):
    """Before and after as a picture and as a table."""
    before = course.now()
    answer = ben.post(f"/courses/{course.id}/frequency", {**WIDER, "do": "preview"})
    assert answer.status_code == 200
    assert "Ana Silva&#39;s course before and after" in answer.text
    assert "Moved" in answer.text
    assert course.now() == before


def test_while_typing_only_the_preview_comes(ben, course):
    """htmx puts it in place; what is half typed is no error yet."""
    typing = {"HX-Request": "true"}
    part = ben.post(f"/courses/{course.id}/frequency", FEWER, headers=typing).text
    assert 'id="preview"' in part
    assert "<html" not in part
    half = {**FEWER, "phase-0-sessions": ""}
    answer = ben.post(f"/courses/{course.id}/frequency", half, headers=typing)
    assert answer.status_code == 200
    assert "This is no course yet" in answer.text


def test_what_was_previewed_is_applied_with_its_reason(ben, course):
    """The reason stands in the history, with an undo."""
    seen = ben.post(f"/courses/{course.id}/frequency", {**FEWER, "do": "preview"}).text
    form = {**FEWER, "do": "apply", "digest": digest_in(seen), "reason": "much better"}
    page = ben.post(f"/courses/{course.id}/frequency", form, follow_redirects=True).text
    assert "Frequency changed: much better:" in page
    assert "/undo" in page
    assert len(course.now().live) == 4


def test_a_change_needs_a_reason(ben, course):
    """Asked for at its field; the preview stays."""
    seen = ben.post(f"/courses/{course.id}/frequency", {**FEWER, "do": "preview"}).text
    answer = ben.post(f"/courses/{course.id}/frequency", {**FEWER, "do": "apply", "digest": digest_in(seen)})
    assert answer.status_code == 422
    assert 'id="reason-error"' in answer.text
    assert digest_in(answer.text) == digest_in(seen)


def test_a_preview_that_is_out_of_date_is_shown_anew(ben, course, runtime, clinic):
    """A colleague moved a session meanwhile: 409, the new preview, the reason kept; sent again it works."""
    seen = ben.post(f"/courses/{course.id}/frequency", {**FEWER, "do": "preview"}).text
    booked = course.appointment(2)
    slot = moving.legal_slots(runtime, clinic.rosa.actor, booked.id)[0]
    moving.move(runtime, clinic.rosa.actor, booked.id, slot.start, slot.practitioner_id)
    form = {**FEWER, "do": "apply", "digest": digest_in(seen), "reason": "much better"}
    answer = ben.post(f"/courses/{course.id}/frequency", form)
    assert answer.status_code == 409
    assert "The diary changed since this preview." in answer.text
    assert "much better" in answer.text
    assert digest_in(answer.text) != digest_in(seen)
    again = ben.post(f"/courses/{course.id}/frequency", {**form, "digest": digest_in(answer.text)})
    assert again.status_code == 302
    assert len(course.now().live) == 4


def test_wrong_numbers_are_said_at_their_fields_and_kept(ben, course):
    """All of them, not only the first."""
    wrong = form_of(("intensive", "some", 7, 5, 9), ("taper", 3, 7, 9, 5))
    answer = ben.post(f"/courses/{course.id}/frequency", {**wrong, "do": "preview"})
    assert answer.status_code == 422
    assert 'id="phase-0-sessions-error"' in answer.text
    assert 'id="phase-1-min-error"' in answer.text
    assert 'value="some"' in answer.text


def test_rows_are_added_removed_and_set_to_a_usual_rhythm_without_a_script(ben, course):
    """Each button is a form of its own page; nothing is previewed as applied."""
    page = ben.post(f"/courses/{course.id}/frequency", {**WIDER, "do": "add"}).text
    assert 'name="phase-2-name"' in page
    page = ben.post(f"/courses/{course.id}/frequency", {**WIDER, "do": "remove-0"}).text
    assert 'name="phase-1-name"' not in page
    page = ben.post(f"/courses/{course.id}/frequency", {**FEWER, "do": "twice-0"}).text
    assert 'value="3.5"' in page


@pytest.mark.parametrize("button", ["", "apply", "remove-9", "remove-", "often-0", "twice-x"])
def test_other_buttons_edit_no_row(button, runtime, clinic):
    """An unknown one is left to the view."""
    rows = (PhaseRow("intensive", "4", "7", "5", "9"),)
    assert changed_rows(rows, button, usual_rhythms(runtime, clinic.ben.actor)) is None


def test_a_course_in_the_wrong_order_is_refused_at_the_phase():
    """Intensive can't follow taper."""
    form = read_rows(typed_rows(form_of(("taper", 2, 14, 11, 18), ("intensive", 2, 7, 5, 9))))
    assert list(form.errors) == ["phase-1-name"]
    assert form.phases == ()


def test_a_decimal_comma_is_understood():
    """As many keyboards write it."""
    form = read_rows((PhaseRow("intensive", "4", "3,5", "2", "5"),))
    assert form.phases[0].gap_days.target == 3.5


phases = st.builds(
    Phase,
    name=st.sampled_from(PhaseName),
    sessions=st.integers(1, 60),
    gap_days=st.builds(
        lambda least, more, most: GapDays(least + more, least, least + more + most),
        st.integers(2, 60),
        st.integers(0, 30),
        st.integers(0, 30),
    ),
)


@given(st.lists(phases, min_size=1, max_size=3, unique_by=lambda phase: phase.name))
def test_phases_come_back_from_their_own_form(course_phases):
    """What the page shows is what it reads."""
    order = list(PhaseName)
    wanted = tuple(sorted(course_phases, key=lambda phase: order.index(phase.name)))
    form = read_rows(rows_of(wanted))
    assert form.errors == {}
    assert form.phases == wanted

"""How a course goes, on its page: measures, charts, advice followed or dismissed, notes, the taper's start."""

import re
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from sqlalchemy import event, select

from planner.care.course import GapDays, Phase, PhaseName
from planner.services import attendance, outcomes_measured
from planner.services.outcomes_measured import Kind, NewOutcome
from planner.storage.people import ServiceRow
from planner.storage.progress import AdviceDecisionRow, NoteRow, OutcomeRow
from tests.factories import make_clinic
from tests.web.ana_course import book_ana


@pytest.fixture
def ben(browser_of, clinic):
    """Ben's browser."""
    return browser_of(clinic.ben)


@pytest.fixture
def course(runtime, clinic):
    """Ana's course."""
    return book_ana(runtime, clinic)


def give(runtime, clinic, clock, course, number, *pain):
    """A session is given; pain is measured after it."""
    booked = course.appointment(number)
    clock.set(booked.starts_at + timedelta(minutes=40))
    attendance.fulfil(runtime, clinic.ben.actor, booked.id)
    values = [NewOutcome(Kind.PAIN, value) for value in pain]
    if values:
        outcomes_measured.record(runtime, clinic.ben.actor, course.id, values)


@pytest.fixture
def relieved(runtime, clinic, clock, course, browser_of):
    """Two sessions given, pain from 7 to 4: thin out sooner."""
    give(runtime, clinic, clock, course, 1, 7)
    give(runtime, clinic, clock, course, 2, 4)
    return course


@pytest.fixture
def unchanged(runtime, clinic, clock, course):
    """Eight sessions given and nothing gained: stop and refer."""
    for number in range(1, 9):
        give(runtime, clinic, clock, course, number, 7)
    return course


def later(ben, clinic):
    """Ben signs in again after the weeks that went by."""
    ben.sign_in(clinic.ben)
    return ben


def key_of(page):
    """The key of the advice on a page."""
    return re.search(r'name="advice" value="([^"]+)"', page).group(1)


def rows(runtime, clinic, table):
    """All rows of a table."""
    with runtime.reading(clinic.ben.actor) as unit:
        found = list(unit.session.scalars(select(table)))
        unit.session.expunge_all()
        return found


def test_what_was_measured_is_drawn_and_listed(ben, runtime, clinic, clock, course):
    """A chart with title and sentence, the numbers in a list, and an activity shown as it was typed."""
    page = ben.get(f"/courses/{course.id}").text
    assert "Nothing is measured yet" in page
    give(runtime, clinic, clock, course, 1, 7)
    later(ben, clinic)
    form = {
        "pain-value": "4",
        "function-0-about": "<b>Treppe</b> 😀 درج",
        "function-0-value": "3,5",
        "note": "left side",
    }
    answer = ben.post(f"/courses/{course.id}/measure", form)
    assert answer.status_code == 302
    page = ben.get(f"/courses/{course.id}").text
    assert "3 values recorded" not in page
    assert "2 values recorded, and the note." in page
    assert 'id="chart-pain-wide-title">Pain' in page
    assert "2 values, from 7 on Tue 3 Mar to 4 on Tue 3 Mar." in page
    assert "&lt;b&gt;Treppe&lt;/b&gt; 😀 درج" in page
    assert "<b>Treppe" not in page
    assert "left side" in page


def test_each_wrong_value_is_refused_at_its_field_and_nothing_is_kept(ben, runtime, clinic, course):
    """What was typed stays; an activity needs a name and a value."""
    form = {
        "pain-value": "11", "sleep-value": "6", "function-0-about": "", "function-0-value": "5",
        "function-1-about": "Sitting", "function-1-value": "", "day": "2199-01-01", "note": "x",
    }  # fmt: skip
    answer = ben.post(f"/courses/{course.id}/measure", form)
    assert answer.status_code == 422
    for name in ("pain-value", "function-0-about", "function-1-value", "day"):
        assert f'id="{name}-error"' in answer.text
    assert 'value="Sitting"' in answer.text
    assert re.search(r'name="sleep-value" value="6"[^>]* checked', answer.text)
    assert rows(runtime, clinic, OutcomeRow) == []
    assert ben.post(f"/courses/{course.id}/measure", {}).status_code == 422


def test_a_value_of_an_earlier_session_counts_as_measured_there(ben, runtime, clinic, clock, course):
    """The day is the session's."""
    give(runtime, clinic, clock, course, 1)
    give(runtime, clinic, clock, course, 2)
    later(ben, clinic)
    first = course.now().sessions[0]
    ben.post(f"/courses/{course.id}/measure", {"pain-value": "6", "session": str(first.id)})
    (row,) = rows(runtime, clinic, OutcomeRow)
    assert row.measured_at == first.current.ends_at
    assert row.session_id == first.id
    answer = ben.post(f"/courses/{course.id}/measure", {"pain-value": "6", "day": "2099-01-01"})
    assert answer.status_code == 422


def test_a_removed_value_is_gone_from_chart_and_advice_and_comes_back(ben, runtime, clinic, relieved):
    """With a way back; twice is told."""
    later(ben, clinic)
    latest = max(rows(runtime, clinic, OutcomeRow), key=lambda row: row.measured_at)
    page = ben.post(f"/outcomes/{latest.id}/remove", follow_redirects=True).text
    assert "The value is removed." in page
    assert "Thin out sooner" not in page
    assert ben.post(f"/outcomes/{latest.id}/remove").status_code == 409
    page = ben.post(f"/outcomes/{latest.id}/restore", follow_redirects=True).text
    assert "Thin out sooner" in page


def test_done_leads_a_therapist_to_the_measures_and_reception_back(ben, browser_of, runtime, clinic, clock, course):
    """One screen, with the way back it came from."""
    booked = course.appointment(1)
    clock.set(booked.starts_at + timedelta(minutes=10))
    later(ben, clinic)
    form = {"version": str(course.version(1)), "next": "/my-day"}
    answer = ben.post(f"/appointments/{booked.id}/fulfil", form)
    assert urlsplit(answer.location).path == f"/courses/{course.id}/measure"
    page = ben.get(answer.location).text
    assert "Session 1 is done." in page
    assert f'<option value="{course.now().sessions[0].id}" selected>' in page
    assert ben.post(f"/courses/{course.id}/measure", {"pain-value": "6", "next": "/my-day"}).location == "/my-day"
    second = course.appointment(2)
    clock.set(second.starts_at + timedelta(minutes=10))
    rosa = browser_of(clinic.rosa)
    answer = rosa.post(f"/appointments/{second.id}/fulfil", {"version": str(course.version(2)), "next": "/today"})
    assert answer.location == "/today"


def test_following_quick_relief_shows_what_moves_before_anything_does(ben, runtime, clinic, relieved):
    """The phases thin out from session 3; applied, the advice counts as followed; undone, it stands again."""
    later(ben, clinic)
    page = ben.get(f"/courses/{relieved.id}").text
    assert "Advice: Thin out sooner" in page
    assert all(f"/evidence#{row}" in page for row in ("E22", "J56", "J50"))
    before = relieved.now()
    answer = ben.post(f"/courses/{relieved.id}/advice/act", {"advice": key_of(page)})
    shown = ben.get(answer.location).text
    assert relieved.now() == before
    assert 'name="phase-0-sessions" type="number" value="2"' in shown
    assert "For the patient" in shown
    form = dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', shown))
    answer = ben.post(f"/courses/{relieved.id}/frequency", {**form, "do": "apply", "reason": "quick"})
    assert answer.status_code == 302
    (decision,) = rows(runtime, clinic, AdviceDecisionRow)
    assert (decision.decision, decision.sessions_done, decision.reason) == ("acted", 2, "quick")
    assert relieved.now().phases[0]["sessions"] == 2
    ben.post(f"/revisions/{relieved.revisions()[-1][0]}/undo")
    assert relieved.now().phases == before.phases
    assert rows(runtime, clinic, AdviceDecisionRow) == []
    assert "Thin out sooner" in ben.get(f"/courses/{relieved.id}").text


def test_a_dismissed_advice_stays_silent_until_the_picture_changes(ben, runtime, clinic, clock, relieved):
    """A reason is needed; one more value of the same trend changes nothing, a relapse does."""
    later(ben, clinic)
    address = f"/courses/{relieved.id}/advice/dismiss"
    key = key_of(ben.get(f"/courses/{relieved.id}").text)
    refused = ben.post(address, {"advice": key, "advice_reason": " "})
    assert refused.status_code == 422
    assert 'id="advice_reason-error"' in refused.text
    page = ben.post(address, {"advice": key, "advice_reason": "marathon"}, follow_redirects=True).text
    assert "Dismissed by Ben Okafor" in page
    assert "marathon" in page
    assert ben.post(address, {"advice": key, "advice_reason": "again"}).status_code == 409
    give(runtime, clinic, clock, relieved, 3, 4)
    assert "Dismissed by" in later(ben, clinic).get(f"/courses/{relieved.id}").text
    give(runtime, clinic, clock, relieved, 4, 6)
    page = later(ben, clinic).get(f"/courses/{relieved.id}").text
    assert "Dismissed by" not in page
    assert "Advice: Carry on" in page
    page = ben.post(f"/courses/{relieved.id}/advice/act", {"advice": key_of(page)}, follow_redirects=True).text
    assert "Followed by Ben Okafor" in page
    assert ben.post(f"/courses/{relieved.id}/advice/act", {"advice": key}).status_code == 409


def test_a_dismissal_is_taken_back(ben, runtime, clinic, relieved):
    """Then the advice stands again."""
    later(ben, clinic)
    key = key_of(ben.get(f"/courses/{relieved.id}").text)
    ben.post(f"/courses/{relieved.id}/advice/dismiss", {"advice": key, "advice_reason": "no"})
    (decision,) = rows(runtime, clinic, AdviceDecisionRow)
    page = ben.post(f"/advice/{decision.id}/take-back", follow_redirects=True).text
    assert "The advice stands again." in page
    assert "Show what would move" in page


def test_without_progress_after_eight_sessions_the_course_is_ended_with_a_referral_note(
    ben, runtime, clinic, unchanged
):
    """The form is filled in, nothing ends before it is sent. Source: E61."""
    later(ben, clinic)
    page = ben.get(f"/courses/{unchanged.id}").text
    assert "Advice: Stop and refer" in page
    assert "/evidence#E61" in page
    key = key_of(page)
    answer = ben.post(f"/courses/{unchanged.id}/advice/act", {"advice": key})
    assert answer.location.endswith("#end")
    shown = ben.get(answer.location).text
    assert "Referred for further evaluation." in shown
    assert unchanged.now().status != "finished"
    assert ben.post(f"/courses/{unchanged.id}/end", {"reason": "", "advice": key}).status_code == 422
    ben.post(f"/courses/{unchanged.id}/end", {"reason": "Referred: MRI of the hip", "advice": key})
    assert unchanged.now().status == "finished"
    (decision,) = rows(runtime, clinic, AdviceDecisionRow)
    assert decision.decision == "acted"
    (note,) = rows(runtime, clinic, NoteRow)
    assert note.text == "Referred: MRI of the hip"


def test_notes_are_for_staff_and_only_their_writer_removes_them(ben, browser_of, client, runtime, clinic, course):
    """Mo manages and may; Rosa may not; Ana never sees them."""
    text = "Zeile 1\nZeile 2 <script>alert(1)</script> 👩🏽‍⚕️ עברית"
    page = ben.post(f"/courses/{course.id}/notes", {"note": text}, follow_redirects=True).text
    assert "Zeile 2 &lt;script&gt;" in page
    (note,) = rows(runtime, clinic, NoteRow)
    assert browser_of(clinic.rosa).post(f"/notes/{note.id}/remove").status_code == 403
    assert ben.post(f"/courses/{course.id}/notes", {"note": " "}).status_code == 422
    assert ben.post(f"/courses/{course.id}/notes", {"note": "x" * 4001}).status_code == 422
    page = browser_of(clinic.mo).post(f"/notes/{note.id}/remove", follow_redirects=True).text
    assert "Zeile 1" not in page
    assert ben.post(f"/notes/{note.id}/remove").status_code == 409
    assert "Zeile 1" in ben.post(f"/notes/{note.id}/restore", follow_redirects=True).text


def test_another_clinic_sees_and_changes_nothing_of_it(browser_of, runtime, clinic, relieved, clock):
    """Each id is a 404."""
    with runtime.reading(clinic.ben.actor) as unit:
        outcome = unit.session.scalars(select(OutcomeRow.id)).first()
    cy = make_clinic(runtime, prefix="cy-", name="Southside").ben
    other = browser_of(cy)
    assert other.get(f"/courses/{relieved.id}/measure").status_code == 404
    assert other.get(f"/courses/{relieved.id}/history").status_code == 404
    for address in (
        f"/courses/{relieved.id}/measure", f"/courses/{relieved.id}/notes", f"/outcomes/{outcome}/remove",
        f"/courses/{relieved.id}/advice/act", f"/courses/{relieved.id}/advice/dismiss",
    ):  # fmt: skip
        form = {"pain-value": "3", "note": "x", "advice": "x", "advice_reason": "x"}
        assert other.post(address, form).status_code == 404


def test_older_changes_are_read_page_by_page(ben, runtime, clinic, course):
    """Twenty-five confirmations and their opposite: the page ends at the booking."""
    from planner.services import frequency

    for number in range(22):
        phases = [Phase(PhaseName.INTENSIVE, 4 + number % 2, GapDays(7, 5, 9))]
        frequency.apply(runtime, clinic.ben.actor, course.id, phases, reason=f"change {number}")
    page = ben.get(f"/courses/{course.id}").text
    assert "change 1<" not in page
    older = re.search(r'href="(/courses/\d+/history\?before=\d+)"', page).group(1)
    page = ben.get(older).text
    assert "change 1<" in page
    assert "sessions booked" in page
    assert "Undo" not in page
    assert "Nothing older" in ben.get(f"/courses/{course.id}/history?before=1").text


def phase_fields(page):
    """What stands in the phases of the form, with the slider."""
    fields = dict(re.findall(r'name="(phase-[^"]+)" type="number" value="([^"]*)"', page))
    fields |= dict(re.findall(r'name="(phase-\d-name)".*?value="(\w+)" selected', page, re.S))
    fields["border-was"] = re.search(r'name="border-was" value="(\d+)"', page).group(1)
    return fields


def test_the_slider_moves_sessions_from_one_phase_to_the_other_without_a_script(ben, course):
    """The number of sessions stays; a number typed beside an untouched slider counts."""
    page = ben.get(f"/courses/{course.id}/frequency").text
    fields = phase_fields(page)
    first, then = int(fields["phase-0-sessions"]), int(fields["phase-1-sessions"])
    moved = ben.post(f"/courses/{course.id}/frequency", {**fields, "border": str(first), "do": "preview"}).text
    assert f'name="phase-0-sessions" type="number" value="{first - 1}"' in moved
    assert f'name="phase-1-sessions" type="number" value="{then + 1}"' in moved
    assert "as many visits" in moved
    typed = {**fields, "border": fields["border-was"], "phase-0-sessions": str(first + 2), "do": "preview"}
    page = ben.post(f"/courses/{course.id}/frequency", typed).text
    assert f'name="phase-0-sessions" type="number" value="{first + 2}"' in page
    assert "2 more visits" in page
    assert "1 h more of treatment" in page


def test_the_live_answer_puts_the_numbers_or_the_slider_in_place(ben, course):
    """Whichever of them was not touched."""
    fields = phase_fields(ben.get(f"/courses/{course.id}/frequency").text)
    live = {"HX-Request": "true"}
    slid = ben.post(f"/courses/{course.id}/frequency", {**fields, "border": "3"}, headers=live).text
    assert 'id="phase-rows" hx-swap-oob="true"' in slid
    assert 'id="border-box"' not in slid
    assert "From session 3 on" in slid
    typed = {**fields, "border": fields["border-was"], "phase-0-sessions": "3"}
    answer = ben.post(f"/courses/{course.id}/frequency", typed, headers=live).text
    assert 'id="border-box" class="field border-box" hx-swap-oob="true"' in answer
    assert 'id="phase-rows"' not in answer


def test_the_cost_names_the_fee_of_the_service_in_the_clinics_currency(ben, runtime, clinic, course):
    """Two visits more at 60 pounds."""
    with runtime.writing(clinic.mo.actor) as unit:
        unit.clinic.currency = "GBP"
        unit.session.add(
            ServiceRow(name="Needling", protocol="chronic_pain", first_minutes=60, visit_minutes=30, fee=6000)
        )
    fields = phase_fields(ben.get(f"/courses/{course.id}/frequency").text)
    more = str(int(fields["phase-1-sessions"]) + 2)
    form = {**fields, "border": fields["border-was"], "phase-1-sessions": more, "do": "preview"}
    page = ben.post(f"/courses/{course.id}/frequency", form).text
    assert "£120.00 more to pay" in page
    assert "4 weeks longer" in page


def test_measures_and_advice_cost_the_page_few_queries(ben, runtime, clinic, relieved):
    """However many values there are."""
    later(ben, clinic)
    seen = []
    event.listen(runtime.database.engine, "before_cursor_execute", lambda *args: seen.append(args[2]))
    ben.get(f"/courses/{relieved.id}")
    few = len(seen)
    values = [NewOutcome(Kind.FUNCTION, 4, f"activity {number}") for number in range(30)]
    outcomes_measured.record(runtime, clinic.ben.actor, relieved.id, values)
    seen.clear()
    ben.get(f"/courses/{relieved.id}")
    assert len(seen) <= few <= 26

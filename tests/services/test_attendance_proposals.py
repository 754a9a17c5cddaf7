"""What the planner does by itself after a loss: nothing, a proposal that a person applies or leaves, or the repair."""

from datetime import datetime, timedelta

import pytest

from planner.diary.hours import Closure
from planner.errors import StaleForm
from planner.services import attendance, clinic_setup, undoing, worklists
from planner.services import attendance_proposals as proposals
from planner.storage.courses import WorklistRow
from tests.web.ana_course import book_ana


@pytest.fixture
def course(runtime, clinic):
    """Ana's course, from tomorrow on."""
    return book_ana(runtime, clinic)


@pytest.fixture
def levels(runtime, clinic):
    """Sets what the planner does by itself."""

    def choose(**chosen):
        with runtime.writing(clinic.mo.actor) as unit:
            clinic_setup.set_automation(unit, chosen)

    return choose


def miss_first(runtime, clinic, clock, course):
    """Ana does not come to her first visit."""
    booked = course.appointment(1)
    clock.set(booked.ends_at)
    return attendance.miss(runtime, clinic.rosa.actor, booked.id)


def cancel_first(runtime, clinic, clock, course):
    """The clinic calls it off."""
    return attendance.cancel(runtime, clinic.rosa.actor, course.appointment(1).id)


LOSSES = [("miss", miss_first), ("cancel", cancel_first)]


def only(course, kind):
    """The one open line, which is of this kind."""
    (item,) = course.notices()
    assert item.kind == kind
    return item


def places(course):
    """Where the sessions stand."""
    return [each.current and each.current.place for each in course.now().sessions]


@pytest.mark.parametrize(("about", "lose"), LOSSES)
def test_off_writes_the_loss_alone_and_a_line_says_so(runtime, clinic, clock, course, levels, about, lose):
    """Somebody finds a date by hand."""
    levels(**{about: "off"})
    before = places(course)
    outcome = lose(runtime, clinic, clock, course)
    assert not outcome.repaired
    assert course.appointment(1).status in ("noshow", "cancelled")
    assert places(course)[1:] == before[1:]
    assert only(course, worklists.TO_PLACE).says == (
        "1 to place: Nothing is rebooked by itself here; somebody has to find a date."
    )
    attendance.resume(runtime, clinic.rosa.actor, course.id)
    assert course.notices() == []
    assert course.appointment(1).status == "booked"


@pytest.mark.parametrize(("about", "lose"), LOSSES)
def test_propose_writes_the_loss_and_what_would_follow(runtime, clinic, clock, course, levels, about, lose):
    """Nothing else moves until somebody agrees, and then it is what was shown."""
    levels(**{about: "propose"})
    before = places(course)
    lose(runtime, clinic, clock, course)
    assert course.appointment(1).status in ("noshow", "cancelled")
    assert places(course)[1:] == before[1:]
    item = only(course, worklists.PROPOSAL)
    assert item.says.startswith("Session 1 ")
    assert item.details["lines"]
    done = proposals.apply_proposal(runtime, clinic.rosa.actor, item.id, digest=item.details["digest"])
    assert course.notices() == []
    assert course.appointment(1).status == "booked"
    assert course.appointment(1).starts_at > clock.now()
    undoing.undo(runtime, clinic.rosa.actor, done.revision_id)
    again = only(course, worklists.PROPOSAL)
    assert (again.says, again.details["lines"]) == (item.says, item.details["lines"])
    proposals.apply_proposal(runtime, clinic.rosa.actor, again.id, digest=again.details["digest"])
    assert course.notices() == []


def test_a_proposal_becomes_what_the_planner_would_have_done(runtime, clinic, clock, course, levels):
    """The same places as with the level that needs nobody."""
    outcome = miss_first(runtime, clinic, clock, course)
    by_itself = places(course)
    undoing.undo(runtime, clinic.rosa.actor, outcome.revision_id)
    levels(miss="propose")
    attendance.miss(runtime, clinic.rosa.actor, course.appointment(1).id)
    proposals.apply_proposal(runtime, clinic.rosa.actor, only(course, worklists.PROPOSAL).id)
    assert places(course) == by_itself


def test_what_somebody_leaves_stays_to_be_placed(runtime, clinic, clock, course, levels):
    """No session is forgotten by saying no."""
    levels(miss="propose")
    miss_first(runtime, clinic, clock, course)
    item = only(course, worklists.PROPOSAL)
    proposals.leave_proposal(runtime, clinic.rosa.actor, item.id)
    assert only(course, worklists.TO_PLACE)
    with pytest.raises(StaleForm):
        proposals.apply_proposal(runtime, clinic.rosa.actor, item.id)


def test_a_place_that_was_taken_meanwhile_is_proposed_anew(runtime, clinic, clock, course, levels):
    """Nothing is written; the line shows what would be done now, and that can be applied."""
    levels(miss="propose")
    miss_first(runtime, clinic, clock, course)
    item = only(course, worklists.PROPOSAL)
    first = proposed_start(runtime, clinic, item)
    with runtime.writing(clinic.system) as unit:
        clinic_setup.add_closure(unit, Closure(first.date(), first.date(), "Holiday"))
    before = places(course)
    with pytest.raises(StaleForm):
        proposals.apply_proposal(runtime, clinic.rosa.actor, item.id, digest=item.details["digest"])
    assert places(course) == before
    again = only(course, worklists.PROPOSAL)
    assert proposed_start(runtime, clinic, again).date() != first.date()
    with pytest.raises(StaleForm):
        proposals.apply_proposal(runtime, clinic.rosa.actor, again.id, digest=item.details["digest"])
    proposals.apply_proposal(runtime, clinic.rosa.actor, again.id, digest=again.details["digest"])
    assert course.appointment(1).status == "booked"


def proposed_start(runtime, clinic, item):
    """Where the lost session would stand."""
    with runtime.reading(clinic.rosa.actor) as unit:
        kept = unit.get(WorklistRow, item.id).details["plan"][0]["after"]["sessions"][0]["appointments"][-1]
    return datetime.fromisoformat(kept["starts_at"])


def test_a_course_that_changed_otherwise_is_proposed_anew(runtime, clinic, clock, course, levels):
    """Ana confirmed her next visit in between: it may not move any more, and the proposal is made with that."""
    levels(miss="propose")
    miss_first(runtime, clinic, clock, course)
    item = only(course, worklists.PROPOSAL)
    attendance.confirm(runtime, clinic.rosa.actor, course.appointment(2).id)
    with pytest.raises(StaleForm):
        proposals.apply_proposal(runtime, clinic.rosa.actor, item.id)
    proposals.apply_proposal(runtime, clinic.rosa.actor, item.id)
    assert course.appointment(1).status == "booked"


def test_undoing_the_loss_ends_its_proposal(runtime, clinic, clock, course, levels):
    """She was there after all."""
    levels(miss="propose")
    outcome = miss_first(runtime, clinic, clock, course)
    undoing.undo(runtime, clinic.rosa.actor, outcome.revision_id)
    assert course.notices() == []


def test_placing_it_by_hand_ends_its_proposal(runtime, clinic, clock, course, levels):
    """Whatever way it was placed."""
    levels(miss="propose")
    miss_first(runtime, clinic, clock, course)
    attendance.resume(runtime, clinic.rosa.actor, course.id)
    assert course.notices() == []


def test_the_sweep_that_marks_misses_proposes_too(runtime, clinic, clock, course, levels):
    """By itself is by itself."""
    levels(miss="propose")
    clock.set(course.appointment(1).ends_at + timedelta(hours=1))
    attendance.mark_no_shows(runtime)
    assert only(course, worklists.PROPOSAL)

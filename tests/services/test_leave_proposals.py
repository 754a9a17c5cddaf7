"""What stays in a leave is proposed course by course, where the clinic wants that: applied, left, or over."""

import pytest

from planner.errors import StaleForm
from planner.services import attendance, clinic_setup, leave, leave_view, undoing, worklists
from planner.services import attendance_proposals as proposals
from planner.services.attention import note_attention
from planner.services.snapshot import take
from planner.storage.courses import CourseRow
from planner.storage.ids import new_id
from planner.storage.opening import LeaveRow
from tests.services.many_patients import finished
from tests.services.test_leave_some import AWAY, in_leave, listed, preview, three

__all__ = ["three"]  # The fixture: three courses with a visit of Ben's in these days.


@pytest.fixture(autouse=True)
def proposing(runtime, clinic):
    """The clinic wants new dates proposed."""
    with runtime.writing(clinic.mo.actor) as unit:
        clinic_setup.set_automation(unit, {"leave": "propose"})


def proposed(runtime, clinic):
    """The lines with new dates, by course."""
    with runtime.reading(clinic.mo.actor) as unit:
        return {item.course_id: item for item in worklists.open_items(unit) if item.kind == worklists.PROPOSAL}


def record_none(runtime, clinic):
    """The leave is recorded, and nobody's box is ticked."""
    return leave.record_some(runtime, clinic.rosa.actor, clinic.ben.id, AWAY, {})


def starts(runtime, clinic, course_id):
    """When a course's visits are."""
    with runtime.reading(clinic.mo.actor) as unit:
        return [each.current.starts_at for each in take(unit, unit.get(CourseRow, course_id)).live if each.current]


def test_every_course_that_stays_in_the_leave_has_a_line_with_its_new_dates(runtime, clinic, three):
    """Instead of the lines that only say that it lies there; nothing has moved."""
    before = {course: starts(runtime, clinic, course) for course in three}
    record_none(runtime, clinic)
    lines = proposed(runtime, clinic)
    assert set(lines) == set(three)
    assert all(line.says == "Ben Okafor is away. Nothing is rebooked yet." for line in lines.values())
    assert all(line.details["lines"] for line in lines.values())
    assert listed(runtime, clinic) == set()
    assert {course: starts(runtime, clinic, course) for course in three} == before


def test_those_that_were_ticked_have_none(runtime, clinic, three):
    """They are changed already."""
    shown = {course.course_id: course.digest for course in preview(runtime, clinic).courses}
    chosen = {course: digest for course, digest in shown.items() if course != three[0]}
    leave.record_some(runtime, clinic.rosa.actor, clinic.ben.id, AWAY, chosen)
    assert set(proposed(runtime, clinic)) == {three[0]} == in_leave(runtime, clinic)


def test_a_large_plan_leaves_them_as_well(runtime, clinic, three):
    """It is made beside the page, and applied to one course."""
    job_id = new_id()
    leave.plan_leave(runtime, clinic.rosa.actor, clinic.ben.id, AWAY, job_id=job_id, seconds=0.1)
    assert finished(runtime, clinic, job_id).status == "done"
    leave.apply_leave(runtime, clinic.rosa.actor, job_id, only=three[:1])
    assert set(proposed(runtime, clinic)) == set(three[1:])


def test_applied_the_visits_are_where_the_line_said_and_it_is_gone(runtime, clinic, three):
    """One change that can be undone, which brings the line back."""
    record_none(runtime, clinic)
    line = proposed(runtime, clinic)[three[0]]
    before = starts(runtime, clinic, three[0])
    done = proposals.apply_proposal(runtime, clinic.rosa.actor, line.id, digest=line.details["digest"])
    assert three[0] not in in_leave(runtime, clinic)
    assert set(proposed(runtime, clinic)) == set(three[1:])
    planned = line.details["plan"][0]["after"]["sessions"]
    wanted = {each["id"]: each["appointments"][-1]["starts_at"] for each in planned if each["appointments"]}
    with runtime.reading(clinic.mo.actor) as unit:
        stands = take(unit, unit.get(CourseRow, three[0]))
    assert {each.id: each.current.starts_at.isoformat() for each in stands.live if each.current} == wanted
    undoing.undo(runtime, clinic.rosa.actor, done.revision_id)
    assert starts(runtime, clinic, three[0]) == before
    assert set(proposed(runtime, clinic)) == set(three)


def test_all_can_be_applied_one_after_the_other_as_they_were_shown(runtime, clinic, three):
    """They were planned together, so that none was to have what another has."""
    record_none(runtime, clinic)
    shown = proposed(runtime, clinic)
    for course in reversed(three):
        line = shown[course]
        proposals.apply_proposal(runtime, clinic.rosa.actor, line.id, digest=line.details["digest"])
    assert proposed(runtime, clinic) == {}
    assert in_leave(runtime, clinic) == set()


def test_left_as_it_is_the_visits_stand_on_the_list_of_those_in_a_leave(runtime, clinic, three):
    """Somebody moves or cancels them by hand."""
    record_none(runtime, clinic)
    proposals.leave_proposal(runtime, clinic.rosa.actor, proposed(runtime, clinic)[three[0]].id)
    assert set(proposed(runtime, clinic)) == set(three[1:])
    assert listed(runtime, clinic) == {three[0]}


def test_the_leave_taken_back_takes_the_lines_along(runtime, clinic, three):
    """Nothing is to be moved any more."""
    record_none(runtime, clinic)
    with runtime.reading(clinic.mo.actor) as unit:
        leave_id = unit.session.query(LeaveRow.id).scalar()
    leave_view.withdraw(runtime, clinic.rosa.actor, leave_id)
    assert proposed(runtime, clinic) == {}
    assert listed(runtime, clinic) == set()


def test_a_visit_that_was_moved_by_hand_takes_its_line_along(runtime, clinic, three):
    """Or cancelled: what was proposed is not needed."""
    record_none(runtime, clinic)
    line = proposed(runtime, clinic)[three[0]]
    with runtime.reading(clinic.mo.actor) as unit:
        snapshot = take(unit, unit.get(CourseRow, three[0]))
    for session in line.details["sessions"]:
        attendance.cancel(runtime, clinic.rosa.actor, snapshot.session(session).current.id, rebook=False)
    assert set(proposed(runtime, clinic)) == set(three[1:])


def test_the_sweep_takes_lines_off_whose_visits_are_over(runtime, clinic, clock, three):
    """They happened, or somebody has to say what became of them."""
    record_none(runtime, clinic)
    clock.advance(days=7)
    assert note_attention(runtime).failed == 0
    assert proposed(runtime, clinic) == {}
    assert not note_attention(runtime).did_something


def test_what_was_overtaken_is_proposed_anew(runtime, clinic, three):
    """The course changed since: nothing is done, and the line shows what would be done now."""
    record_none(runtime, clinic)
    line = proposed(runtime, clinic)[three[0]]
    with runtime.reading(clinic.mo.actor) as unit:
        others = [
            each.current
            for each in take(unit, unit.get(CourseRow, three[0])).live
            if each.current and each.id not in line.details["sessions"]
        ]
    attendance.cancel(runtime, clinic.rosa.actor, others[-1].id, rebook=False)
    with pytest.raises(StaleForm):
        proposals.apply_proposal(runtime, clinic.rosa.actor, line.id, digest=line.details["digest"])
    again = proposed(runtime, clinic)[three[0]]
    proposals.apply_proposal(runtime, clinic.rosa.actor, again.id, digest=again.details["digest"])
    assert three[0] not in in_leave(runtime, clinic)


@pytest.mark.parametrize("level", ["off", "apply"])
def test_where_nothing_is_to_be_proposed_the_visits_stand_on_the_list(runtime, clinic, three, level):
    """A person has decided, or the clinic wants no plan."""
    with runtime.writing(clinic.mo.actor) as unit:
        clinic_setup.set_automation(unit, {"leave": level})
    record_none(runtime, clinic)
    assert proposed(runtime, clinic) == {}
    assert listed(runtime, clinic) == set(three)

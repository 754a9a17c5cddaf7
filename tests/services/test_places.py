"""Where a visit may go in a week: the same answer as the move itself gives, for every column and every start."""

import random
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from planner.errors import AppointmentLocked, InvalidInput, PlannerError
from planner.services import clinic_setup, moving, undoing
from planner.services.places import places
from planner.storage.courses import AppointmentRow, AssessmentRow, CourseRow, SessionRow
from planner.storage.ids import new_id
from planner.storage.opening import LeaveRow
from tests.factories import NOW, make_patient, make_person, weekly
from tests.web.ana_course import book_ana

LONDON = ZoneInfo("Europe/London")
WEEK = date(2026, 3, 9)
CELLS = [datetime.combine(WEEK, time()) + number * timedelta(minutes=15) for number in range(7 * 96)]
REST = timedelta(hours=48)


@pytest.fixture
def course(runtime, clinic):
    """Ana's ten sessions with Ben."""
    return book_ana(runtime, clinic)


@pytest.fixture
def cleo(runtime, clinic):
    """A second therapist, who works in the afternoon."""
    with runtime.writing(clinic.system) as unit:
        cleo = make_person(unit, "Cleo Marsh", "cleo@example.org", "therapist", treats=True).id
        clinic_setup.set_practitioner_hours(unit, cleo, weekly("13:00", "19:00"))
    return cleo


def wall(instant):
    """On the clinic's wall clock."""
    return instant.astimezone(LONDON).replace(tzinfo=None)


def instant(start):
    """Of a time on the clinic's wall clock."""
    return start.replace(tzinfo=LONDON).astimezone(UTC)


def in_week(course):
    """One of Ana's sessions of the week, from 1, which has others beside it."""
    return next(number for number in range(2, 10) if wall(course.appointment(number).starts_at).date() >= WEEK)


def others_booked(runtime, clinic, bookings):
    """Appointments of Dora and of more who are called like her: (therapist, room, start, minutes) each."""
    with runtime.writing(clinic.system) as unit:
        dora = make_patient(unit, "Dora Quist")
        assessment = AssessmentRow(patient_id=dora, findings={}, estimate={}, recorded_at=NOW)
        unit.session.add(assessment)
        unit.session.flush()
        course = CourseRow(
            patient_id=dora, assessment_id=assessment.id, protocol="acute_injury", phases=[], wishes={},
            earliest_day=NOW.date(), first_visit_minutes=60, visit_minutes=30, started_at=NOW,
        )  # fmt: skip
        unit.session.add(course)
        unit.session.flush()
        for number, (therapist, room, start, minutes) in enumerate(bookings):
            session = SessionRow(
                course_id=course.id, position=number, phase="intensive", minutes=minutes,
                uid=f"{course.id}-{number}@test", revised_at=NOW,
            )  # fmt: skip
            unit.session.add(session)
            patient = make_patient(unit, "Dora Quist")
            unit.session.add(
                AppointmentRow(
                    id=new_id(), session_id=session.id, course_id=course.id, patient_id=patient, status="booked",
                    starts_at=instant(start), ends_at=instant(start) + timedelta(minutes=minutes),
                    booked_at=NOW, practitioner_id=therapist, room_id=room,
                )
            )  # fmt: skip


def random_bookings(dice, people, rooms, kept):
    """Some appointments of the week that meet neither each other nor those kept: (therapist, room, start, end)."""
    made = []
    for _ in range(40):
        person, room, start = dice.choice(people), dice.choice(rooms), dice.choice(CELLS)
        minutes = dice.choice((15, 30, 45, 60))
        end = start + timedelta(minutes=minutes)
        taken = [(each[0], each[1], each[2], each[2] + timedelta(minutes=each[3])) for each in made] + kept
        if not any((person == one or room == two) and start < last and first < end for one, two, first, last in taken):
            made.append((person, room, start, minutes))
    return made


@pytest.mark.parametrize("seed", range(3))
def test_every_cell_of_a_random_week_has_the_answer_that_hours_rooms_and_rests_give(
    seed, runtime, clinic, course, cleo
):
    """Worked out anew by hand for each start of each column; and each reason is the one that the move gives."""
    dice = random.Random(seed)
    people, number = [clinic.ben.id, cleo], in_week(course)
    visit = course.appointment(number)
    booked = [each.current for each in course.now().sessions if each.current]
    kept = [(each.practitioner_id, each.room_id, wall(each.starts_at), wall(each.ends_at)) for each in booked]
    made = random_bookings(dice, people, clinic.rooms, kept)
    others_booked(runtime, clinic, made)
    away = dice.choice(CELLS[3 * 96 :]), dice.choice(people)
    with runtime.writing(clinic.system) as unit:
        unit.session.add(
            LeaveRow(practitioner_id=away[1], starts=away[0], ends=away[0] + timedelta(hours=20), recorded_at=NOW)
        )
    taken = [each for each in kept if each[2] != wall(visit.starts_at)]
    taken += [(one, two, first, first + timedelta(minutes=minutes)) for one, two, first, minutes in made]
    length = visit.ends_at - visit.starts_at
    rests = [each.starts_at for each in booked if each.id != visit.id]
    before, after = course.appointment(number - 1).starts_at, course.appointment(number + 1).starts_at
    hours = {clinic.ben.id: (8, 18), cleo: (13, 19)}

    def legal(person, start):
        end, begins = start + length, instant(start)
        works = start.weekday() < 5 and hours[person][0] * 60 <= start.hour * 60 + start.minute
        works = works and end.date() == start.date() and end.hour * 60 + end.minute <= hours[person][1] * 60
        absent = away[1] == person and start < away[0] + timedelta(hours=20) and away[0] < end
        busy = any(each[0] == person and start < each[3] and each[2] < end for each in taken)
        room = any(
            not any(each[1] == room and start < each[3] and each[2] < end for each in taken) for room in clinic.rooms
        )
        rested = all(abs(begins - each) >= REST for each in rests) and before < begins < after
        stands = person == visit.practitioner_id and start == wall(visit.starts_at)
        return works and not absent and not busy and room and rested and not stands

    found = places(runtime, clinic.rosa.actor, visit.id, WEEK, 7)
    for person in people:
        assert [start for start in CELLS if not found.why_not(person, start)] == [
            start for start in CELLS if legal(person, start)
        ]
        said = {found.why_not(person, start): start for start in dice.sample(CELLS, len(CELLS))}
        for why, start in said.items():
            assert_the_move_says(runtime, clinic, visit, person, start, why)


def assert_the_move_says(runtime, clinic, visit, person, start, why, **what):
    """The move is refused with these words; where there are none it is made, and taken back."""
    if why:
        with pytest.raises(PlannerError) as refused:
            moving.move(runtime, clinic.rosa.actor, visit.id, start, person, **what)
        assert refused.value.message == why
    else:
        done = moving.move(runtime, clinic.rosa.actor, visit.id, start, person, **what)
        undoing.undo(runtime, clinic.rosa.actor, done.revision_id)


def test_a_clash_says_with_whom(runtime, clinic, course, cleo):
    """Not only that the time is taken."""
    visit = course.appointment(in_week(course))
    at = datetime.combine(wall(visit.starts_at).date(), time(14))
    others_booked(runtime, clinic, [(cleo, clinic.rooms[0], at, 45)])
    found = places(runtime, clinic.rosa.actor, visit.id, WEEK, 7)
    assert found.why_not(cleo, at + timedelta(minutes=30)) == "Cleo Marsh treats Dora Quist then, 14:00–14:45."
    assert not found.why_not(cleo, at + timedelta(minutes=45))


def test_the_rooms_are_columns_with_the_therapist_of_the_visit(runtime, clinic, course, cleo):
    """A room that is taken says by whom; the move takes the room that was chosen."""
    number = in_week(course)
    visit = course.appointment(number)
    at = datetime.combine(wall(visit.starts_at).date(), time(14))
    one, two = clinic.rooms
    others_booked(runtime, clinic, [(cleo, one, at, 45)])
    found = places(runtime, clinic.rosa.actor, visit.id, WEEK, 7, columns="room")
    assert found.why_not(one, at) == "Room 1 is taken then by Dora Quist, 14:00–14:45."
    assert_the_move_says(runtime, clinic, visit, visit.practitioner_id, at, found.why_not(one, at), room_id=one)
    assert not found.why_not(two, at)
    moving.move(runtime, clinic.rosa.actor, visit.id, at, visit.practitioner_id, room_id=two)
    assert course.appointment(number).room_id == two


def test_the_same_time_in_another_room_is_a_move_that_leaves_the_patients_word(runtime, clinic, course):
    """They confirmed the time, not the room."""
    number = in_week(course)
    visit = course.appointment(number)
    other = next(room for room in clinic.rooms if room != visit.room_id)
    here = wall(visit.starts_at)
    assert_the_move_says(
        runtime, clinic, visit, visit.practitioner_id, here, "The visit stands there already.", room_id=visit.room_id
    )
    moving.move(runtime, clinic.rosa.actor, visit.id, here, visit.practitioner_id, room_id=other)
    assert course.appointment(number).room_id == other


def test_a_visit_is_made_longer_up_to_what_is_free(runtime, clinic, course):
    """The session takes that long from now on, and the history says so."""
    number = in_week(course)
    visit = course.appointment(number)
    here = wall(visit.starts_at)
    others_booked(runtime, clinic, [(visit.practitioner_id, visit.room_id, here + timedelta(hours=2), 30)])
    found = places(runtime, clinic.rosa.actor, visit.id, WEEK, 7)
    assert found.ends_by == here + timedelta(hours=2)
    assert found.why_not_longer == f"Ben Okafor is free only until {found.ends_by:%H:%M}."
    done = moving.move(runtime, clinic.rosa.actor, visit.id, here, visit.practitioner_id, minutes=120)
    assert done.says == f"Session {number} now takes 120 minutes"
    session = course.now().sessions[number - 1]
    assert (session.minutes, session.current.ends_at - session.current.starts_at) == (120, timedelta(hours=2))
    undoing.undo(runtime, clinic.rosa.actor, done.revision_id)
    assert course.appointment(number).ends_at == visit.ends_at
    with pytest.raises(PlannerError, match="treats Dora Quist then"):
        moving.move(runtime, clinic.rosa.actor, visit.id, here, visit.practitioner_id, minutes=135)


@pytest.mark.parametrize(
    ("minutes", "says"), [(0, "5 to 480"), (495, "5 to 480"), (50, "steps of 15 minutes"), (-15, "5 to 480")]
)
def test_a_length_that_no_visit_has_is_refused_at_its_field(minutes, says, runtime, clinic, course):
    """Too short, too long, off the grid."""
    visit = course.appointment(in_week(course))
    with pytest.raises(InvalidInput, match=says) as refused:
        moving.move(runtime, clinic.rosa.actor, visit.id, wall(visit.starts_at), visit.practitioner_id, minutes=minutes)
    assert refused.value.field == "minutes"


def test_days_that_break_the_plans_gap_are_allowed_and_say_so(runtime, clinic, course):
    """The clinic may decide on them; the patient is not offered them."""
    found = places(runtime, clinic.rosa.actor, course.appointment(in_week(course)).id, WEEK, 7)
    assert found.off_rhythm
    assert all("the plan wants" in words for words in found.off_rhythm.values())


def test_a_visit_that_is_over_has_no_places(runtime, clinic, course, clock):
    """Nor has anything more than a week."""
    visit = course.appointment(1)
    with pytest.raises(InvalidInput, match="1 to 7 days"):
        places(runtime, clinic.rosa.actor, visit.id, WEEK, 8)
    clock.set(visit.ends_at)
    with pytest.raises(AppointmentLocked):
        places(runtime, clinic.rosa.actor, visit.id, WEEK, 7)

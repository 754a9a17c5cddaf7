"""A clinic's appointments out of its earlier system."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from planner.errors import InvalidInput, NotAllowed, SlotTaken
from planner.services import attendance, feeds, patients
from planner.services.feed_memory import FeedMemory
from planner.services.taken_courses import REASON, preview, take_over
from planner.services.taking_over import summary
from planner.storage.audit_rows import AuditRow
from planner.storage.courses import AppointmentRow, AssessmentRow, CourseRow, SessionRow
from planner.storage.outward import OutboxRow
from planner.storage.people import PatientRow
from tests.calendars.test_export import event, table
from tests.factories import make_patient
from tests.web.ana_course import book_ana

ANA = "1,Ana Silva,ana@example.org,,2026-03-04 09:30,45,Ben Okafor,Room 1,booked"
ANA_LATER = "2,Ana Silva,ana@example.org,,2026-03-11 09:30,45,Ben Okafor,Room 1,booked"
BO = "3,Bo Lindqvist,bo@example.org,0131 1,2026-03-04 10:15,30,ben@example.org,,booked"


def rows(runtime, clinic, row):
    """All rows of a kind."""
    with runtime.reading(clinic.mo.actor) as unit:
        return unit.session.scalars(select(row)).all()


def outcomes(found):
    """The outcome of each line."""
    return [line.outcome for line in found.lines]


def test_a_dry_run_shows_everything_and_writes_nothing(runtime, clinic):
    """Line by line, with the patients that would be added."""
    found = preview(runtime, clinic.rosa.actor, table(ANA, ANA_LATER, BO))
    assert outcomes(found) == ["take", "take", "take"]
    assert [line.new_patient for line in found.lines] == [False, False, True]
    assert found.lines[2].room in ("Room 1", "Room 2")
    assert summary(found) == "3 to take over; 1 new patient"
    assert rows(runtime, clinic, AppointmentRow) == []
    assert len(rows(runtime, clinic, PatientRow)) == 1


def test_what_was_shown_is_booked(runtime, clinic):
    """One course for each patient, at the very times; nobody gets a message about what they know."""
    take_over(runtime, clinic.rosa.actor, table(ANA, ANA_LATER, BO))
    booked = sorted(rows(runtime, clinic, AppointmentRow), key=lambda row: row.starts_at)
    starts = [(2026, 3, 4, 9, 30), (2026, 3, 4, 10, 15), (2026, 3, 11, 9, 30)]
    assert [row.starts_at for row in booked] == [datetime(*start, tzinfo=UTC) for start in starts]
    assert {row.status for row in booked} == {"booked"}
    assert len(rows(runtime, clinic, CourseRow)) == 2
    assert rows(runtime, clinic, OutboxRow) == []
    (bo,) = patients.find(runtime, clinic.rosa.actor, "Bo")
    assert (bo.details.email, bo.details.phone) == ("bo@example.org", "0131 1")


def test_nobody_claims_that_these_patients_were_assessed(runtime, clinic):
    """What an estimate needs is filled in, and both note and reason say that it was not found here."""
    take_over(runtime, clinic.rosa.actor, table(ANA))
    (row,) = rows(runtime, clinic, AssessmentRow)
    assert row.notes == row.overrides["reason"] == REASON


def test_once_more_books_nothing(runtime, clinic):
    """The same file, and a newer one in which one is added."""
    take_over(runtime, clinic.rosa.actor, table(ANA, BO))
    again = take_over(runtime, clinic.rosa.actor, table(ANA, BO))
    assert outcomes(again) == ["here", "here"]
    more = take_over(runtime, clinic.rosa.actor, table(ANA, ANA_LATER, BO))
    assert outcomes(more) == ["here", "take", "here"]
    assert len(rows(runtime, clinic, AppointmentRow)) == 3


def test_what_was_moved_here_is_not_moved_back(runtime, clinic):
    """From the day it was taken over, the diary here is the truth."""
    take_over(runtime, clinic.rosa.actor, table(ANA))
    before = [row.starts_at for row in rows(runtime, clinic, AppointmentRow)]
    take_over(runtime, clinic.rosa.actor, table(ANA.replace("09:30", "11:00")))
    assert [row.starts_at for row in rows(runtime, clinic, AppointmentRow)] == before


def test_without_an_identity_the_line_itself_is_one(runtime, clinic):
    """Many exports have no column for it."""
    nameless = table("Ana Silva,2026-03-04 09:30,45", head="patient,start,minutes")
    take_over(runtime, clinic.rosa.actor, nameless)
    assert outcomes(take_over(runtime, clinic.rosa.actor, nameless)) == ["here"]


def test_two_clinics_may_take_over_the_same_identities(runtime, clinic, other_clinic):
    """Numbers of small systems begin at 1 everywhere."""
    take_over(runtime, clinic.rosa.actor, table(ANA))
    found = take_over(runtime, other_clinic.rosa.actor, table(ANA))
    assert outcomes(found) == ["take"]
    assert len({row.uid for each in (clinic, other_clinic) for row in rows(runtime, each, SessionRow)}) == 2


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (ANA.replace("Ben Okafor", "Zoe Nobody"), "No therapist"),
        (ANA.replace("Room 1", "Cellar"), "no room called"),
        (ANA.replace("09:30", "09:40"), "steps of 15 minutes"),
        (ANA.replace(",45,", ",600,"), "600 minutes"),
        (ANA.replace("ana@example.org", "no address"), "not an e-mail address"),
        (ANA.replace("Ana Silva", ""), "name"),
        (ANA.replace("2026-03-04", "2036-03-04"), "three years"),
        (ANA.replace("2026-03-04 09:30", "2026-03-29 01:15"), "clock skips"),
        (ANA.replace("Room 1", "Room 2"), "taken then"),
        (BO.replace("10:15", "10:00"), "Ben Okafor is taken then, by a line before this one"),
        (ANA_LATER.replace("2,Ana", "1,Ana"), "same identity"),
    ],
)
def test_a_problem_in_one_line_keeps_all_out(runtime, clinic, line, words):
    """It is shown beside the others, and nothing at all is taken over."""
    data = table(ANA, line if words == "same identity" else f"9{line[1:]}")
    found = preview(runtime, clinic.rosa.actor, data)
    assert outcomes(found) == ["take", "problem"]
    assert words in found.lines[1].says
    with pytest.raises(InvalidInput, match="Nothing was taken over"):
        take_over(runtime, clinic.rosa.actor, data)
    assert rows(runtime, clinic, AppointmentRow) == []


def test_what_is_over_or_cancelled_is_left_out(runtime, clinic):
    """It is no problem either."""
    over, cancelled = ANA.replace("2026-03-04", "2026-03-01"), BO.replace("booked", "Cancelled")
    assert outcomes(take_over(runtime, clinic.rosa.actor, table(over, cancelled))) == ["skip", "skip"]


def test_what_the_diary_holds_is_in_the_way(runtime, clinic):
    """Ben can't treat two, whichever system knew of them first."""
    first = book_ana(runtime, clinic).appointment(0)
    line = BO.replace("2026-03-04 10:15", first.starts_at.isoformat())
    found = preview(runtime, clinic.rosa.actor, table(line))
    assert "by an appointment in the diary" in found.lines[0].says


def test_a_visit_too_near_another_course_keeps_all_out(runtime, clinic):
    """The 48 hours between needlings hold for what comes from elsewhere too; the patient is named."""
    first = book_ana(runtime, clinic).appointment(0)
    line = ANA.replace("2026-03-04 09:30", f"{first.starts_at:%Y-%m-%d} 17:00")
    count = len(rows(runtime, clinic, AppointmentRow))
    with pytest.raises(SlotTaken, match=r"^Ana Silva: .* Nothing was taken over\.$"):
        take_over(runtime, clinic.rosa.actor, table(BO.replace("2026-03-04", "2026-08-05"), line))
    assert len(rows(runtime, clinic, AppointmentRow)) == count


def test_of_two_patients_with_one_name_the_address_decides(runtime, clinic):
    """And without one nobody guesses."""
    with runtime.writing(clinic.system) as unit:
        other = make_patient(unit, "Ana Silva", "other@example.org")
    found = preview(
        runtime, clinic.rosa.actor, table(ANA.replace("ana@", "OTHER@"), ANA_LATER.replace("ana@example.org", ""))
    )
    assert outcomes(found) == ["take", "problem"]
    assert found.places[0].patient_id == other
    assert "several patients" in found.lines[1].says


def test_a_chosen_therapist_treats_where_a_line_names_nobody(runtime, clinic):
    """Without a choice the only one there is; somebody unknown is refused."""
    data = table(ANA.replace("Ben Okafor", ""))
    assert outcomes(preview(runtime, clinic.rosa.actor, data)) == ["take"]
    assert preview(runtime, clinic.rosa.actor, data, "BEN OKAFOR").lines[0].therapist == "Ben Okafor"
    with pytest.raises(InvalidInput, match="No therapist"):
        preview(runtime, clinic.rosa.actor, data, "Zoe")


def test_a_calendar_file_is_taken_over_as_well(runtime, clinic):
    """And the patient's feed shows the very instant."""
    data = event("DTSTART;TZID=Europe/London:20260401T093000", "DURATION:PT45M", "SUMMARY:Ana Silva")
    take_over(runtime, clinic.rosa.actor, data)
    address = feeds.create_feed(runtime, clinic.rosa.actor, patient_id=clinic.ana)
    (shown,) = feeds.feed_for_token(runtime, feeds.token_in(address), FeedMemory()).written.feed.events
    assert shown.starts_at == datetime(2026, 4, 1, 8, 30, tzinfo=UTC)


def test_only_reception_and_managers_take_over(runtime, clinic):
    """It fills the diary of everybody."""
    for act in (preview, take_over):
        with pytest.raises(NotAllowed):
            act(runtime, clinic.ben.actor, table(ANA))


def test_the_audit_knows_it(runtime, clinic):
    """Counts, no names."""
    take_over(runtime, clinic.mo.actor, table(ANA, BO))
    with runtime.reading(clinic.mo.actor) as unit:
        found = unit.session.scalar(select(AuditRow).where(AuditRow.action == "appointments.take_over"))
        assert found.details == {"booked": 2}
        assert unit.session.scalar(select(func.count()).select_from(CourseRow)) == 2


def test_a_missed_visit_is_rebooked_like_any_other(runtime, clinic, clock):
    """At the distance that the earlier system kept; the later one stays or makes room by the same rules."""
    take_over(runtime, clinic.rosa.actor, table(ANA, ANA_LATER))
    first = min(rows(runtime, clinic, AppointmentRow), key=lambda row: row.starts_at)
    clock.set(first.ends_at + timedelta(minutes=10))
    outcome = attendance.miss(runtime, clinic.rosa.actor, first.id)
    assert outcome.repaired
    ahead = sorted(
        row.starts_at for row in rows(runtime, clinic, AppointmentRow) if row.status == "booked" and not row.superseded
    )
    assert len(ahead) == 2
    assert ahead[0] > first.starts_at
    assert ahead[1] - ahead[0] >= timedelta(hours=48)

"""Therapists' own calendars block time, and never move anybody by themselves."""

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select

from planner.errors import InvalidInput, NotAllowed, NotFound, StaleForm
from planner.services import busy_calendars, busy_clashes, moving, undoing, worklists
from planner.services.fetching import Fetched, FetchFailed
from planner.services.planning import Span, free_problem
from planner.services.sweeping import SweepReport
from planner.storage.calendars import BusyCalendarRow, BusyTimeRow
from tests.calendars.busy_samples import BOMBS, calendar
from tests.web.ana_course import book_ana
from tests.web.examples import block_bens_time

ADDRESS = "https://calendar.example/secret.ics"


@dataclass
class FakeFetcher:
    """Answers what it is told to; `asked` keeps the tags that were sent."""

    answer: object = None
    asked: list = field(default_factory=list)

    def fetch(self, address, etag=""):
        self.asked.append((address, etag))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.fixture
def fetcher():
    """Ben's calendar: the dentist on Wednesday 4 March, nine to ten."""
    return FakeFetcher(Fetched(calendar(b"DTSTART:20260304T090000Z\r\nDTEND:20260304T100000Z\r\n"), '"1"'))


@pytest.fixture
def online(runtime, fetcher):
    """The program with that fetcher."""
    return replace(runtime, fetcher=fetcher)


def free_starts(runtime, clinic, day):
    """(from, to) of Ben's free time on a day, by the wall clock."""
    with runtime.reading(clinic.system) as unit:
        ben = free_problem(unit, Span(day, 1), [clinic.ben.id]).practitioners[0]
        return [(f"{start:%H:%M}", f"{end:%H:%M}") for start, end in ben.free]


def state(runtime, clinic):
    """Ben's only calendar."""
    with runtime.reading(clinic.ben.actor) as unit:
        (found,) = busy_calendars.calendars_of(unit, clinic.ben.id)
        return found


def test_a_therapists_own_calendar_takes_time_away(online, clinic):
    """Nobody is booked with Ben while he is at the dentist's."""
    wednesday = date(2026, 3, 4)
    assert free_starts(online, clinic, wednesday) == [("08:00", "18:00")]
    calendar_id = busy_calendars.add_address(online, clinic.ben.actor, clinic.ben.id, ADDRESS)
    assert free_starts(online, clinic, wednesday) == [("08:00", "09:00"), ("10:00", "18:00")]
    busy_calendars.remove(online, clinic.ben.actor, calendar_id)
    assert free_starts(online, clinic, wednesday) == [("08:00", "18:00")]


def test_point_23_only_times_of_it_are_kept(online, clinic):
    """Neither titles nor, outside of the one column that needs it, the secret address."""
    busy_calendars.add_address(online, clinic.ben.actor, clinic.ben.id, ADDRESS)
    with online.reading(clinic.ben.actor) as unit:
        for kind in (BusyCalendarRow, BusyTimeRow):
            assert "Dentist" not in repr([vars(row) for row in unit.session.scalars(select(kind))])
    assert state(online, clinic).host == "calendar.example"
    assert "secret.ics" not in repr(state(online, clinic))


def test_point_21_an_unchanged_calendar_is_not_sent_again_but_read_anew_once_a_week(online, clinic, clock, fetcher):
    """Only times are kept, so those a year ahead have to be read when they come into reach."""
    busy_calendars.add_address(online, clinic.ben.actor, clinic.ben.id, ADDRESS)
    assert busy_calendars.refresh_all(online) == SweepReport()
    clock.advance(minutes=30)
    fetcher.answer = Fetched(None, '"1"')
    assert busy_calendars.refresh_all(online) == SweepReport(done=1)
    assert fetcher.asked[-1] == (ADDRESS, '"1"')
    assert state(online, clinic).intervals == 1
    clock.advance(days=7)
    fetcher.answer = Fetched(calendar(), '"2"')
    busy_calendars.refresh_all(online)
    assert fetcher.asked[-1] == (ADDRESS, "")


@pytest.mark.parametrize(
    "fault", [FetchFailed("The server is away."), Fetched(b"<html>", ""), Fetched(calendar(BOMBS["no step"]), "")]
)
def test_a_calendar_that_fails_keeps_its_last_good_state_and_says_since_when(online, clinic, clock, fetcher, fault):
    """And is well again when it can be read."""
    busy_calendars.add_address(online, clinic.ben.actor, clinic.ben.id, ADDRESS)
    good, fetcher.answer = fetcher.answer, fault
    clock.advance(minutes=30)
    failed_at = clock.now()
    busy_calendars.refresh_all(online)
    clock.advance(hours=2)
    busy_calendars.refresh_all(online)
    found = state(online, clinic)
    assert found.failing_since == failed_at
    assert found.last_error
    assert found.intervals == 1
    fetcher.answer = good
    clock.advance(hours=6)
    busy_calendars.refresh_all(online)
    assert (state(online, clinic).failing_since, state(online, clinic).last_error) == (None, "")


def test_a_mistyped_address_is_noticed_at_once(online, clinic, fetcher):
    """Nothing of it is kept."""
    fetcher.answer = FetchFailed("There is no such name.")
    with pytest.raises(FetchFailed):
        busy_calendars.add_address(online, clinic.ben.actor, clinic.ben.id, ADDRESS)
    with online.reading(clinic.ben.actor) as unit:
        assert busy_calendars.calendars_of(unit, clinic.ben.id) == []


def test_nobody_blocks_a_colleagues_time(runtime, clinic, other_clinic):
    """But a manager may; another clinic sees no such person."""
    with pytest.raises(NotAllowed):
        busy_calendars.upload(runtime, clinic.rosa.actor, clinic.ben.id, calendar())
    with pytest.raises(NotFound):
        busy_calendars.upload(runtime, other_clinic.mo.actor, clinic.ben.id, calendar())
    with pytest.raises(NotFound):
        busy_calendars.upload(runtime, clinic.mo.actor, clinic.rosa.id, calendar())
    added = busy_calendars.upload(runtime, clinic.mo.actor, clinic.ben.id, calendar())
    with pytest.raises(NotFound):
        busy_calendars.remove(runtime, other_clinic.mo.actor, added)


def test_five_calendars_are_the_most(runtime, clinic):
    """Each costs a process every half hour."""
    for _ in range(busy_calendars.MOST_CALENDARS):
        block_bens_time(runtime, clinic)
    with pytest.raises(InvalidInput, match="the most"):
        block_bens_time(runtime, clinic)


@pytest.fixture
def clash(runtime, clinic):
    """Ana's third session is booked when Ben's calendar says he is busy."""
    course = book_ana(runtime, clinic)
    booked = course.appointment(3)
    block_bens_time(runtime, clinic, f"{booked.starts_at:%Y%m%dT%H%M%SZ}", f"{booked.ends_at:%Y%m%dT%H%M%SZ}")
    return course


def lines(course):
    """The open lines about busy times."""
    return [item for item in course.notices() if item.kind == worklists.BUSY_CLASH]


def test_new_busy_time_moves_nobody_and_proposes_what_to_do(clash):
    """Ana's date stands until a person decides."""
    assert [kind for _, kind in clash.revisions()] == ["booked"]
    (line,) = lines(clash)
    assert "Ben Okafor's own calendar is busy on" in line.says
    assert "Ana Silva is booked. Proposed instead:" in line.says


def test_a_later_repair_leaves_the_session_in_the_busy_time_where_it_is(clash, runtime, clinic):
    """A private entry must not move a patient by the back door."""
    before = clash.appointment(3)
    last = clash.now().live[-1].current
    slot = moving.legal_slots(runtime, clinic.rosa.actor, last.id)[0]
    moving.move(runtime, clinic.rosa.actor, last.id, slot.start, slot.practitioner_id)
    assert clash.appointment(3).place == before.place


def test_the_proposal_is_carried_out_when_somebody_says_so_and_can_be_undone(clash, runtime, clinic):
    """As any change can, until the patient was told."""
    before, (line,) = clash.appointment(3), lines(clash)
    outcome = busy_clashes.move_away(runtime, clinic.rosa.actor, line.id)
    after = clash.appointment(3)
    assert after.starts_at != before.starts_at
    wall = after.starts_at.astimezone(UTC)
    assert f"{wall:%a} {wall.day} {wall:%b}" in line.says
    assert lines(clash) == []
    undoing.undo(runtime, clinic.rosa.actor, outcome.revision_id)
    assert clash.appointment(3).starts_at == before.starts_at


def test_a_clash_that_is_gone_goes_from_the_worklist(clash, runtime, clinic, clock):
    """The session was moved by hand; the calendar was removed."""
    (line,) = lines(clash)
    with runtime.reading(clinic.ben.actor) as unit:
        (found,) = busy_calendars.calendars_of(unit, clinic.ben.id)
    busy_calendars.remove(runtime, clinic.ben.actor, found.id)
    assert lines(clash) == []
    with pytest.raises(StaleForm):
        busy_clashes.move_away(runtime, clinic.rosa.actor, line.id)


def test_a_dismissed_clash_is_not_brought_up_again(clash, runtime, clinic):
    """Somebody said: leave it."""
    (line,) = lines(clash)
    worklists.dismiss(runtime, clinic.rosa.actor, line.id)
    block_bens_time(runtime, clinic)
    assert lines(clash) == []


def test_a_busy_time_in_the_past_or_after_hours_disturbs_nobody(runtime, clinic, clock):
    """Nothing is booked then."""
    course = book_ana(runtime, clinic)
    night = datetime(2026, 3, 4, 22, tzinfo=UTC)
    block_bens_time(runtime, clinic, f"{night:%Y%m%dT%H%M%SZ}", f"{night + timedelta(hours=2):%Y%m%dT%H%M%SZ}")
    assert lines(course) == []

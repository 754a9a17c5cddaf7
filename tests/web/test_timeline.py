"""The course as a picture."""

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.web.looks import PHASES, STATES
from planner.web.timeline import Timeline, TimelineLine, TimelineSession, build_timeline
from planner.web.timeline_values import Mark, Picture

FIRST = date(2026, 11, 3)


def session(position: int, offset: int, *, shift: int = 0, state: str = "booked", phase: str = "intensive"):
    """A session `offset` days after the first target, moved by `shift`."""
    target = FIRST + timedelta(days=offset)
    return TimelineSession(position, target + timedelta(days=shift), target, state, phase, f"Session {position}")


def picture_of(*lines: Sequence[TimelineSession], today: date = FIRST) -> Timeline:
    """A picture of lines, named only where there are several."""
    names = ("Before", "After") if len(lines) > 1 else ("",)
    named = [TimelineLine(name, tuple(line)) for name, line in zip(names, lines, strict=True)]
    return build_timeline("Ana's course", named, today)


def marks(picture: Picture) -> list[Mark]:
    """All marks, row by row."""
    return [mark for row in picture.rows for strip in row.strips for mark in strip.marks]


WEEKLY = [session(position, 7 * (position - 1)) for position in range(1, 7)]


def test_a_session_stands_later_the_later_it_is():
    """Equal gaps in days are equal lengths."""
    xs = [mark.x for mark in marks(picture_of(WEEKLY).wide)]
    gaps = [round(after - before) for before, after in pairwise(xs)]
    assert len(set(gaps)) == 1
    assert gaps[0] > 16


def test_each_state_has_its_own_shape_and_tone():
    """Done, missed and booked differ without their colour."""
    states = ["fulfilled", "noshow", "booked", "cancelled", "proposed"]
    drawn = marks(picture_of([session(n, 7 * n, state=state) for n, state in enumerate(states, 1)]).wide)
    assert [mark.shape for mark in drawn] == ["done", "missed", "booked", "cancelled", "proposed"]
    assert drawn[1].title == "Session 2: missed"


def test_targets_are_ticks_and_a_shifted_session_is_tied_to_its_own():
    """Only the session that moved has a tie."""
    strip = picture_of([session(1, 0), session(2, 7, shift=2), session(3, 14)]).wide.rows[0].strips[0]
    assert len(strip.targets) == 3
    (tie,) = strip.shifts
    assert tie.x1 == strip.targets[1].x1
    assert tie.x2 == strip.marks[1].x + 8


def test_phases_follow_each_other_without_a_hole():
    """The border lies between the last session of one phase and the first of the next."""
    sessions = [*WEEKLY, session(7, 49, phase="taper"), session(8, 63, phase="taper")]
    intensive, taper = picture_of(sessions).wide.rows[0].strips[0].bands
    assert intensive.x + intensive.width == pytest.approx(taper.x, abs=0.2)
    assert (intensive.label.words, taper.label.words) == ("I Intensive", "T Taper")


def test_a_phase_too_short_for_its_word_keeps_its_letter():
    """Two visits a few days apart have room for one letter on a phone."""
    sessions = [session(1, 0), session(2, 3, phase="taper"), *[session(n, 14 * n, phase="taper") for n in range(3, 6)]]
    intensive = picture_of(sessions).narrow.rows[0].strips[0].bands[0]
    assert intensive.label is not None
    assert intensive.label.words == "I"


def test_today_is_a_rule_on_its_day():
    """It stands where a session of today stands."""
    picture = picture_of(WEEKLY, today=FIRST + timedelta(days=7)).wide
    assert picture.rows[0].today is not None
    assert picture.rows[0].today.x1 == marks(picture)[1].x + 8


def test_today_long_after_the_course_does_not_squeeze_it():
    """A course looked at a year later is drawn as if today were not there."""
    view = picture_of(WEEKLY, today=FIRST + timedelta(days=365))
    assert all(row.today is None for row in view.wide.rows)
    assert view.summary.endswith("Today is Wed 3 Nov.")


def test_a_long_course_is_folded_into_rows_on_a_phone():
    """Every session is drawn once, in a row that is as wide as a phone."""
    sessions = [session(n, 14 * n) for n in range(1, 13)]
    view = picture_of(sessions)
    assert len(view.wide.rows) < len(view.narrow.rows)
    assert len(marks(view.narrow)) == 12
    assert view.narrow.width == 320


def test_before_and_after_share_one_axis_and_show_what_moves():
    """A line leads from each old day to the new one, none from what stays."""
    after = [*WEEKLY[:3], *[session(n, 7 * (n - 1) + 14) for n in range(4, 7)]]
    row = picture_of(WEEKLY, after).wide.rows[0]
    before_strip, after_strip = row.strips
    assert (before_strip.name.words, after_strip.name.words) == ("Before", "After")
    assert before_strip.marks[0].x == after_strip.marks[0].x
    assert [move.x2 for move in row.moves] == [mark.x + 8 for mark in after_strip.marks[3:]]


def test_the_year_is_said_at_the_start_and_at_its_turn():
    """November 2026 to January 2027."""
    months = [text.words for text in picture_of([session(1, 0), session(2, 84)]).wide.rows[0].months]
    assert months == ["Nov 2026", "Dec", "Jan 2027"]


def test_the_year_waits_for_the_first_month_with_room():
    """A picture that opens on the last days of November says the year in December."""
    late = TimelineSession(1, date(2026, 11, 24), None, "booked", "taper", "Session 1")
    last = TimelineSession(2, date(2027, 2, 1), None, "booked", "taper", "Session 2")
    months = [text.words for text in picture_of([late, last], today=late.day).narrow.rows[0].months]
    assert months == ["Nov", "Dec 2026"]


def test_a_reader_who_does_not_see_it_hears_the_counts():
    """One sentence: how many, from when to when, in which states."""
    sessions = [session(1, 0, state="fulfilled"), session(2, 7, state="noshow"), session(3, 14)]
    expected = "3 sessions from Tue 3 Nov 2026 to Tue 17 Nov 2026: 1 Done, 1 Missed, 1 Booked. Today is Tue 3 Nov."
    assert picture_of(sessions).summary == expected


@pytest.mark.parametrize(("field", "value"), [("position", 0), ("state", "lost"), ("phase", "final")])
def test_what_could_not_be_drawn_is_refused(field: str, value: object):
    """A wrong word is a bug, not a blank place in the picture."""
    values = {"position": 1, "day": FIRST, "target_day": None, "state": "booked", "phase": "taper", "label": ""}
    with pytest.raises(ValueError):
        TimelineSession(**{**values, field: value})


def test_a_line_without_sessions_is_refused():
    """There is nothing to draw an axis from."""
    with pytest.raises(ValueError, match="at least one"):
        build_timeline("Nothing", [TimelineLine("", ())], FIRST)


@given(
    st.lists(
        st.builds(
            session,
            st.integers(1, 30),
            st.integers(0, 500),
            shift=st.integers(-9, 30),
            state=st.sampled_from(sorted(STATES)),
            phase=st.sampled_from(sorted(PHASES)),
        ),
        min_size=1,
        max_size=20,
    ),
    st.integers(-60, 600),
)
def test_every_session_is_drawn_once_and_inside_every_picture(sessions: list[TimelineSession], today_offset: int):
    """Whatever the course: nothing lost at a fold, nothing over the edge, no number on top of another."""
    view = picture_of(sessions, today=FIRST + timedelta(days=today_offset))
    for picture in (view.wide, view.medium, view.narrow):
        assert len(marks(picture)) == len(sessions)
        for row in picture.rows:
            assert row.axis.x2 <= picture.width + 0.1
            for mark in row.strips[0].marks:
                assert -8 <= mark.x <= picture.width - 8
                assert 0 <= mark.y <= picture.height - 16
            numbers = [mark.number.x for mark in row.strips[0].marks if mark.number]
            assert all(after - before >= 10 for before, after in pairwise(numbers))

"""Advice from outcome measures: never more visits thinned out than the measures carry, and E61's window."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.care.course import GapDays, Phase, PhaseName, fixed_sessions
from planner.care.evidence import Evidence
from planner.care.outcomes import MEASURES, PROGRESS, Kind, Outcome, read_value
from planner.care.progress import AdviceKind, Standing, Trend, advise, changes_of
from planner.care.taper import taper_starts_at, with_taper_from
from planner.errors import InvalidInput

EVIDENCE = Evidence.load()
START = datetime(2026, 3, 3, 9, tzinfo=UTC)
PHASES = (
    Phase(PhaseName.INTENSIVE, 6, GapDays(7, 5, 9)),
    Phase(PhaseName.TAPER, 4, GapDays(14, 11, 18)),
)


def standing(done: int, ahead: int = 4, phases: tuple[Phase, ...] = PHASES) -> Standing:
    """A weekly course with so many sessions given."""
    return Standing(tuple(START + timedelta(weeks=index) for index in range(done)), phases, ahead)


def measured(kind: Kind, session: int, value: float, *, about: str = "", by_patient: bool = False) -> Outcome:
    """A value taken half an hour after a session began."""
    about = about or ("stairs" if MEASURES[kind].about_required else "")
    return Outcome(kind, value, about, START + timedelta(weeks=session - 1, minutes=30), by_patient)


def pain(*values: float) -> list[Outcome]:
    """Pain at each session from the first."""
    return [measured(Kind.PAIN, session, value) for session, value in enumerate(values, start=1)]


def kind_of(done: int, outcomes: list[Outcome], ahead: int = 4) -> AdviceKind | None:
    """The kind advised."""
    advice = advise(standing(done, ahead), outcomes, EVIDENCE)
    return advice.kind if advice else None


def test_nothing_is_advised_before_something_was_measured_twice():
    """A baseline alone tells nothing, nor do exercises done."""
    assert kind_of(3, []) is None
    assert kind_of(3, pain(7)) is None
    assert kind_of(3, [measured(Kind.EXERCISES, session, 2) for session in (1, 2)]) is None


def test_quick_relief_thins_out_sooner():
    """Three points less by session 3, with frequent sessions still to come."""
    advice = advise(standing(3), pain(7, 6, 4), EVIDENCE)
    assert advice is not None
    assert advice.kind is AdviceKind.TAPER_SOONER
    assert [reason.evidence for reason in advice.reasons] == ["E22", "J56", "J50", "E63"]
    assert "from 7 to 4" in advice.reasons[2].effect


@pytest.mark.parametrize(("done", "ahead"), [(6, 4), (7, 3), (3, 0)])
def test_what_thins_out_anyway_or_is_over_is_not_thinned_out_sooner(done: int, ahead: int):
    """After the last frequent session there is nothing left to thin out."""
    assert kind_of(done, pain(7, 6, 4, *([4] * (done - 3))), ahead) is AdviceKind.CARRY_ON


def test_relief_that_came_late_carries_on():
    """The first change that counts stands at session 5, J56 asks for the fourth."""
    assert kind_of(5, pain(7, 7, 6, 6, 4)) is AdviceKind.CARRY_ON


@pytest.mark.parametrize(
    ("done", "stop", "firm"), [(5, False, False), (6, True, False), (7, True, False), (8, True, True), (9, True, True)]
)
def test_no_progress_after_six_to_eight_sessions_stops_and_refers(done: int, stop: bool, firm: bool):
    """Before the sixth it is too early, from the eighth there is no more time. Source: E61."""
    advice = advise(standing(done), pain(*([7] * done)), EVIDENCE)
    assert advice is not None
    assert (advice.kind is AdviceKind.STOP_AND_REFER) is stop
    assert advice.firm is firm
    assert "E61" in [reason.evidence for reason in advice.reasons]


def test_symptoms_that_get_worse_stop_at_once():
    """Two points more after two sessions, though the patient walks better. Source: E61."""
    outcomes = [*pain(5, 7), measured(Kind.FUNCTION, 1, 3), measured(Kind.FUNCTION, 2, 6)]
    assert kind_of(2, outcomes) is AdviceKind.STOP_AND_REFER


def test_one_activity_that_got_worse_beside_less_pain_is_looked_at_again_first():
    """With nothing better it would be referred. Source: J58."""
    worse = [measured(Kind.FUNCTION, 1, 5), measured(Kind.FUNCTION, 2, 2)]
    advice = advise(standing(2), [*pain(8, 4), *worse], EVIDENCE)
    assert advice is not None
    assert (advice.kind, advice.reasons[0].evidence) == (AdviceKind.CARRY_ON, "J58")
    assert kind_of(2, [*pain(8, 7), *worse]) is AdviceKind.STOP_AND_REFER


def test_worse_sleep_alone_stops_nothing_but_thins_nothing_out():
    """It has other reasons, too."""
    outcomes = [*pain(8, 4), measured(Kind.SLEEP, 1, 8), measured(Kind.SLEEP, 2, 5)]
    assert kind_of(2, outcomes) is AdviceKind.CARRY_ON


def test_a_relapse_keeps_the_rhythm():
    """From 8 to 2 and back to 5: still better than at first, but falling back. Source: J57."""
    advice = advise(standing(3), pain(8, 2, 5), EVIDENCE)
    assert advice is not None
    assert advice.kind is AdviceKind.CARRY_ON
    assert [reason.evidence for reason in advice.reasons] == ["J57", "J50", "E63"]


def test_old_values_are_no_lack_of_progress():
    """Seven sessions done, last measured at the second: measure again, Source: E28."""
    advice = advise(standing(7), pain(7, 7), EVIDENCE)
    assert advice is not None
    assert advice.kind is AdviceKind.CARRY_ON
    assert "E28" in [reason.evidence for reason in advice.reasons]


def test_soreness_a_patient_writes_down_the_next_day_is_not_a_worsening():
    """Within 48 hours of a needling more pain is normal; what the therapist measured counts. Source: E25."""
    sore = Outcome(Kind.PAIN, 9, "", START + timedelta(hours=20), by_patient=True)
    base = Outcome(Kind.PAIN, 6, "", START - timedelta(minutes=5))
    week_later = Outcome(Kind.PAIN, 6, "", START + timedelta(days=6))
    assert kind_of(1, [base, sore, week_later]) is AdviceKind.CARRY_ON
    by_staff = Outcome(Kind.PAIN, 9, "", START + timedelta(hours=20))
    assert kind_of(1, [base, by_staff]) is AdviceKind.STOP_AND_REFER


def test_each_activity_is_compared_with_itself():
    """Stairs got better; sitting, first measured today, is no change of the stairs."""
    outcomes = [
        measured(Kind.FUNCTION, 1, 3, about="Climbing stairs"),
        measured(Kind.FUNCTION, 3, 6, about=" climbing  stairs "),
        measured(Kind.FUNCTION, 3, 1, about="Sitting"),
    ]
    (change,) = changes_of(standing(3), outcomes, EVIDENCE)
    assert (change.gain, change.trend) == (3, Trend.BETTER)


def test_the_picture_stays_the_same_until_a_trend_changes():
    """One more measure of the same trend leaves the key; a relapse makes another."""
    keys = [advise(standing(3), pain(*values), EVIDENCE).key for values in [(7, 5, 4), (7, 4, 4), (7, 2, 4)]]
    assert keys[0] == keys[1] != keys[2]


OUTCOMES = st.lists(
    st.builds(
        lambda kind, share, hours, by_patient: Outcome(
            kind,
            round(MEASURES[kind].low + share * (MEASURES[kind].high - MEASURES[kind].low)),
            "stairs" if MEASURES[kind].about_required else "",
            START + timedelta(hours=hours),
            by_patient,
        ),
        st.sampled_from(list(Kind)),
        st.floats(0, 1),
        st.integers(-100, 2000),
        st.booleans(),
    ),
    max_size=25,
)


@given(OUTCOMES, st.integers(0, 12), st.integers(0, 6))
def test_never_thinned_out_sooner_when_anything_is_worse(outcomes: list[Outcome], done: int, ahead: int):
    """Nor without a gain that counts, nor where no frequent session lies ahead; every number says its source."""
    advice = advise(standing(done, ahead), outcomes, EVIDENCE)
    if advice is None:
        return
    assert advice.reasons
    assert all(reason.evidence in EVIDENCE.rows and reason.says for reason in advice.reasons)
    if advice.kind is AdviceKind.TAPER_SOONER:
        assert not any(change.trend is Trend.WORSE or change.slipping for change in advice.changes)
        assert any(change.trend is Trend.BETTER for change in advice.changes)
        assert ahead
        assert done < 6
    if advice.kind is AdviceKind.STOP_AND_REFER:
        worse = any(change.trend is Trend.WORSE for change in advice.changes)
        assert worse or (advice.measured_after >= 6 and not any(c.trend is Trend.BETTER for c in advice.changes))


@given(OUTCOMES, st.integers(0, 12))
def test_the_order_in_which_values_come_does_not_matter(outcomes: list[Outcome], done: int):
    """Only when they were measured does, where no two fall together."""
    apart = list({(each.thing, each.measured_at): each for each in outcomes}.values())
    assert advise(standing(done), apart, EVIDENCE) == advise(standing(done), apart[::-1], EVIDENCE)


@given(
    st.lists(st.integers(1, 9), min_size=1, max_size=3),
    st.lists(st.integers(1, 9), max_size=3),
    st.booleans(),
    st.data(),
)
def test_a_moved_border_keeps_the_number_of_sessions(frequent: list[int], thin: list[int], open_end: bool, data):
    """Whatever the phases, the taper begins where it was asked to."""
    gap = GapDays(7, 5, 9)
    phases = (
        *(Phase(PhaseName.INTENSIVE, sessions, gap) for sessions in frequent),
        *(Phase(PhaseName.TAPER, sessions, gap) for sessions in thin),
        *((Phase(PhaseName.MAINTENANCE, None, gap),) if open_end else ()),
    )
    total = sum(frequent) + sum(thin)
    if total < 2:
        with pytest.raises(ValueError, match="border"):
            with_taper_from(phases, 2, gap)
        return
    at = data.draw(st.integers(2, total))
    moved = with_taper_from(phases, at, gap)
    assert taper_starts_at(moved) == at
    assert fixed_sessions(moved) == total
    assert (moved[-1].sessions is None) is open_end


def test_a_value_is_read_as_people_type_it():
    """A comma is a decimal point; what the scale does not hold is refused at the value."""
    assert read_value(Kind.PAIN, " 3,5 ") == 3.5
    for kind, text in [
        (Kind.PAIN, "11"),
        (Kind.PAIN, ""),
        (Kind.RANGE, "-1"),
        (Kind.SLEEP, "well"),
        (Kind.PAIN, "nan"),
    ]:
        with pytest.raises(InvalidInput) as refusal:
            read_value(kind, text)
        assert refusal.value.field == "value"


def test_a_function_without_an_activity_is_refused():
    """A number alone could not be compared with anything."""
    with pytest.raises(InvalidInput) as refusal:
        Outcome(Kind.FUNCTION, 5, " ", START)
    assert refusal.value.field == "about"


def test_every_measure_of_progress_has_a_row_of_our_judgement():
    """E60 names the measures, J50–J55 say what counts."""
    for kind in PROGRESS:
        assert MEASURES[kind].significant(EVIDENCE)
        assert MEASURES[kind].evidence is not None
        assert EVIDENCE[MEASURES[kind].evidence[0]].judgement
    assert set(Kind) - set(PROGRESS) == {Kind.EXERCISES}

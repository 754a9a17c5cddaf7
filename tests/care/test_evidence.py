"""The evidence has every row, says its numbers, and takes a clinic's own ones, but no nonsense."""

from pathlib import Path

import pytest

from planner.care import aftercare
from planner.care.evidence import Evidence, Kind
from planner.care.evidence_doc import render
from planner.errors import InvalidInput

EXPECTED = [
    *range(1, 11),
    *range(20, 29),
    *range(30, 42),
    *range(50, 54),
    *range(60, 64),
    *range(70, 79),
]


def test_every_row_of_the_sources_is_there_and_ours_are_marked_as_judgement():
    """E rows name A or B, J rows neither."""
    evidence = Evidence.load()
    assert [row.id for row in evidence if row.id.startswith("E")] == [f"E{number}" for number in EXPECTED]
    for row in evidence:
        assert row.judgement == row.id.startswith("J") == (row.kind is Kind.JUDGEMENT)
        assert bool(row.sources) != row.judgement
        assert set(row.sources) <= set(evidence.sources)
        assert row.says.endswith(".")


def test_every_factor_has_a_size_of_ours():
    """E30 has J30, and so on."""
    evidence = Evidence.load()
    for row in evidence.of_kind(Kind.FACTOR):
        assert evidence[f"J{row.id[1:]}"].number("size") > 0


def test_only_the_rows_whose_source_says_or_more_are_open():
    """E5, E8 and E10."""
    assert [row.id for row in Evidence.load() if row.open_ended] == ["E5", "E8", "E10"]


def test_the_file_is_read_once():
    """Loading without overrides gives the very same value."""
    assert Evidence.load() is Evidence.load({})


def test_a_clinics_number_is_also_what_the_row_says():
    """The wording follows the numbers, and the shipped evidence stays as it was."""
    own = Evidence.load({"E2": {"sessions_high": 14}, "J8": {"target": 4}})
    assert own["E2"].whole("sessions_high") == 14
    assert "8 to 14 sessions" in own["E2"].says
    assert own["J8"].number("target") == 4.0
    assert Evidence.load()["E2"].whole("sessions_high") == 10


def test_a_clinics_own_words_stand_as_they_are():
    """Braces in them are no numbers."""
    assert Evidence.load({"E70": {"says": " Soreness {is} normal. "}})["E70"].says == "Soreness {is} normal."


@pytest.mark.parametrize(
    ("overrides", "field"),
    [
        ({"E99": {"sessions_low": 3}}, "E99"),
        ({"E1": {"sessions": 3}}, "E1.sessions"),
        ({"E1": {"kind": "goal"}}, "E1.kind"),
        ({"E1": 3}, "E1"),
        ({"E1": {"says": ""}}, "E1.says"),
        ({"E1": {"says": 3}}, "E1.says"),
        ({"E1": {"sessions_low": True}}, "E1.sessions_low"),
        ({"E1": {"sessions_low": "3"}}, "E1.sessions_low"),
        ({"E1": {"sessions_low": 3.0}}, "E1.sessions_low"),
        ({"E1": {"sessions_low": 0}}, "E1.sessions_low"),
        ({"E1": {"sessions_low": 6}}, "E1.sessions_low"),
        ({"E1": {"sessions_high": 12}}, "E1.weeks_high"),
        ({"E25": {"rest_hours": 24}}, "E25.rest_hours"),
        ({"E25": {"rest_hours": 72}}, "J8.min"),
        ({"J9": {"min": 8}}, "J9.min"),
        ({"J9": {"target": float("nan")}}, "J9.target"),
        ({"J33": {"size": float("inf")}}, "J33.size"),
        ({"J33": {"size": -0.5}}, "J33.size"),
    ],
)
def test_an_override_that_makes_no_sense_is_refused_by_name(overrides, field):
    """Unknown rows and names, wrong types, limits, contradictions, and less rest than the source asks for."""
    with pytest.raises(InvalidInput) as refusal:
        Evidence.load(overrides)
    assert refusal.value.field == field


def test_asking_a_row_for_what_it_has_not_is_a_bug():
    """A ValueError or KeyError, not a refusal to a person."""
    evidence = Evidence.load()
    for ask in (lambda: evidence["E20"].whole("minutes"), lambda: evidence["E20"].number("minutes")):
        with pytest.raises(ValueError, match="E20"):
            ask()
    with pytest.raises(ValueError, match="no protocol"):
        evidence["E9"].pattern()
    with pytest.raises(KeyError):
        evidence["E99"]


def test_the_written_page_is_current():
    """docs/evidence.md is what the evidence renders to."""
    page = Path(__file__).parents[2] / "docs" / "evidence.md"
    assert page.read_text(encoding="utf-8") == render(Evidence.load())


def test_the_written_page_has_every_row_once():
    """One line of a table each, with the factor's two directions."""
    page = render(Evidence.load())
    for row in Evidence.load():
        assert page.count(f"\n| {row.id} | ") == 1
    assert "*Fewer:*" in page
    assert "*More:*" in page


def test_a_patient_is_told_every_row_of_advice():
    """E70–E78 all stand before the first visit or after a session."""
    told = {row.id for row in (*aftercare.before_first_visit(), *aftercare.after_a_session())}
    assert {row.id for row in Evidence.load().of_kind(Kind.ADVICE)} <= told


def test_a_clinics_own_advice_reaches_the_patient():
    """An override is what is shown."""
    own = Evidence.load({"E70": {"says": "Rest."}})
    assert aftercare.after_a_session(own)[0].says == "Rest."

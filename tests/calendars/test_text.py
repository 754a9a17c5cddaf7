"""Names that people typed reach a calendar whole, on one line, and without control characters."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from icalendar import Event

from planner.calendars.text import ExactText, clean_line, clean_text, has_controls

BREAKS = ["\n", "\r", "\r\n", "\x0b", "\x0c", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029"]


@pytest.mark.parametrize("line_break", BREAKS)
def test_point_10_every_kind_of_line_break_in_a_title_becomes_a_space(line_break: str) -> None:
    """A second line could pass for a property of its own."""
    assert clean_line(f"Ana{line_break}BEGIN:VALARM") == "Ana BEGIN:VALARM"


@pytest.mark.parametrize("line_break", BREAKS)
def test_point_10_every_kind_of_line_break_in_a_description_becomes_one(line_break: str) -> None:
    """Descriptions may have lines, of one kind only."""
    assert clean_text(f"Bring shoes.{line_break}Eat first.") == "Bring shoes.\nEat first."


def test_point_10_other_control_characters_go() -> None:
    """NUL, BEL, ESC, DEL and half a surrogate pair can't be written."""
    assert clean_line("A\x00n\x07a\x1b\x7f \ud83d") == "Ana"
    assert clean_text("A\x00n\x07a\x1b\x7f\n\ud83d.") == "Ana\n."


def test_tabs_and_rows_of_blanks_in_a_title_become_one_blank() -> None:
    """Pasted names often have them."""
    assert clean_line("  Ana\t \tBee ") == "Ana Bee"


@given(st.text(alphabet=st.characters(codec=None)))
def test_point_10_clean_text_has_no_controls_whatever_came_in(text: str) -> None:
    """And cleaning again changes nothing."""
    line, lines = clean_line(text), clean_text(text)
    assert not has_controls(line)
    assert not has_controls(lines.replace("\n", ""))
    assert (clean_line(line), clean_text(lines)) == (line, lines)
    assert len(line.splitlines()) <= 1


@pytest.mark.parametrize("text", ["C:\\New", "\\n", "a;b,c", "\\\\", '"q"', "line\nline", "\\,"])
def test_text_comes_back_as_it_was_written(text: str) -> None:
    """Also a backslash before N, which the library alone would turn into a line break."""
    event = Event()
    event.add("summary", ExactText(text))
    assert str(Event.from_ical(event.to_ical())["summary"]) == text

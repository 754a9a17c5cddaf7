"""A program that has the newest copy is told so, and no other is."""

import time
from datetime import UTC, datetime

import pytest

from planner.calendars.feed import etag, feed_bytes, is_unchanged
from tests.calendars.samples import a_feed, an_event

TAG = '"abc"'
CHANGED_AT = datetime(2026, 11, 22, 10, 0, 0, 700_000, tzinfo=UTC)
SAME_SECOND = "Sun, 22 Nov 2026 10:00:00 GMT"
SECOND_BEFORE = "Sun, 22 Nov 2026 09:59:59 GMT"


def test_point_15_the_tag_is_a_quoted_hash_of_the_bytes() -> None:
    """The same bytes have the same tag, one changed event another."""
    before, after = feed_bytes(a_feed(an_event())), feed_bytes(a_feed(an_event(sequence=1)))
    assert etag(before) == etag(before) != etag(after)
    assert etag(b"") == '"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"'


@pytest.mark.parametrize(
    "header",
    [
        '"abc"',
        'W/"abc"',
        '"x", "abc"',
        '"x","abc","y"',
        '  "abc"  ',
        "*",
        " * ",
        '"x" , W/"abc"',
        '"a,b", "abc"',
        ', "abc",',
    ],
)
def test_point_15_a_copy_named_in_if_none_match_is_good(header: str) -> None:
    """Weak comparison, lists, the star."""
    assert is_unchanged(header, None, TAG, None)


@pytest.mark.parametrize(
    "header", ["", '"x"', "abc", '"ab', '"abc" "x"', "W/abc", 'w/"abc"', '"*"', '*, "x"', '"ABC"', '"x;"abc""', '""']
)
def test_point_15_a_copy_not_named_in_if_none_match_is_fetched_anew(header: str) -> None:
    """Other tags, and headers that can't be read."""
    assert not is_unchanged(header, None, TAG, None)


def test_point_15_our_tag_may_be_weak_after_compression() -> None:
    """A proxy that compresses marks it so, and the program returns it."""
    assert is_unchanged('"abc"', None, 'W/"abc"', None)


@pytest.mark.parametrize(
    ("header", "unchanged"),
    [
        (SAME_SECOND, True),
        ("Sun, 22 Nov 2026 10:00:01 GMT", True),
        (SECOND_BEFORE, False),
        ("Sunday, 22-Nov-26 10:00:00 GMT", True),
        ("Sun Nov 22 10:00:00 2026", True),
        ("Sun, 22 Nov 2026 11:00:00 +0100", True),
        ("Sun, 22 Nov 2026 10:30:00 +0100", False),
        ("yesterday", False),
        ("", False),
        ("Sun, 99 Nov 2026 10:00:00 GMT", False),
        ("Sun, 22 Nov 99999999999 10:00:00 GMT", False),
    ],
)
def test_point_15_if_modified_since_is_compared_in_whole_seconds(header: str, unchanged: bool) -> None:
    """In every form of date HTTP has had; one that can't be read asks for everything."""
    assert is_unchanged(None, header, TAG, CHANGED_AT) is unchanged


def test_point_15_if_none_match_wins() -> None:
    """In both directions."""
    assert is_unchanged(TAG, SECOND_BEFORE, TAG, CHANGED_AT)
    assert not is_unchanged('"x"', SAME_SECOND, TAG, CHANGED_AT)
    assert not is_unchanged("", SAME_SECOND, TAG, CHANGED_AT)


def test_point_15_without_a_condition_or_a_date_of_change_everything_is_sent() -> None:
    """Nothing to compare."""
    assert not is_unchanged(None, None, TAG, CHANGED_AT)
    assert not is_unchanged(None, SAME_SECOND, TAG, None)


def test_a_naive_date_of_change_is_a_bug() -> None:
    """Also when no header asks for it."""
    with pytest.raises(ValueError, match="naive"):
        is_unchanged(None, None, TAG, datetime(2026, 11, 22))


@pytest.mark.parametrize("piece", ['"a",', ", ", ",", " ", '"', '"a" ', "\t,"])
def test_a_hostile_header_is_read_in_no_time(piece: str) -> None:
    """A pattern that goes back over blanks would take years."""
    start = time.process_time()
    assert not is_unchanged('"x"' + piece * 20_000 + "!", None, TAG, None)
    assert time.process_time() - start < 1

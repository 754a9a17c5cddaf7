"""The bytes of feeds that were written lately: calendars ask often, and seldom has anything changed."""

from __future__ import annotations

import gzip
import threading
from collections import OrderedDict
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from planner.calendars.feed import CalendarFeed, etag, feed_bytes

STALE_FOR: Final = timedelta(hours=12)
"""So long after the database last spoke for a calendar it is still handed out while the database is silent.

An address that was ended meanwhile on another machine would answer as long.
"""

ASK_AGAIN: Final = timedelta(seconds=5)
"""So long a database that did not answer is left alone: each question to it may wait for seconds."""

_MOST_KEPT: Final = 500


@dataclass(frozen=True, slots=True)
class Written:
    """A feed's bytes.

    Args:
        packed: the same with gzip.
        changed_at: whole second; the bytes did not change at or after it.
        revision: of the feed, when it was read.
        good_until: when it changes by the mere passing of time; None: never.
    """

    feed: CalendarFeed
    data: bytes
    packed: bytes
    etag: str
    changed_at: datetime
    revision: int
    good_until: datetime | None


@dataclass(frozen=True, slots=True)
class _Answered:
    """Which feed an address last opened, and when the database said so."""

    clinic_id: int
    feed_id: int
    at: datetime


class FeedMemory:
    """Keeps what was written last for each feed; one for each process, used by all its threads.

    Addresses are kept as their hashes, as everywhere.
    """

    def __init__(self, most_kept: int = _MOST_KEPT) -> None:
        self._most_kept = most_kept
        self._written: OrderedDict[int, Written] = OrderedDict()
        self._answered: OrderedDict[str, _Answered] = OrderedDict()
        self._silent_until: datetime | None = None
        self._lock = threading.Lock()

    def note_answer(self, token_hash: str, clinic_id: int, feed_id: int, now: datetime) -> None:
        """Remember that the database has just said that this address opens this feed."""
        with self._lock:
            self._silent_until = None
            self._answered[token_hash] = _Answered(clinic_id, feed_id, now)
            self._answered.move_to_end(token_hash)
            while len(self._answered) > self._most_kept:
                self._answered.popitem(last=False)

    def forget(self, token_hash: str) -> None:
        """The database has said that this address opens nothing (any more)."""
        with self._lock:
            self._answered.pop(token_hash, None)

    def note_silence(self, now: datetime) -> None:
        """The database did not answer."""
        with self._lock:
            self._silent_until = now + ASK_AGAIN

    def is_silent(self, now: datetime) -> bool:
        """Whether the database did not answer a moment ago, so that asking it again would only take time."""
        return self._silent_until is not None and now < self._silent_until

    def last_answer(self, token_hash: str, now: datetime) -> tuple[int, int, Written, timedelta] | None:
        """What an address answered last: (clinic, feed, bytes, how long ago the database spoke for it).

        Args:
            token_hash: of the address.
        Returns:
            None where it was never asked for here, or too long ago.
        """
        with self._lock:
            answered = self._answered.get(token_hash)
            written = self._written.get(answered.feed_id) if answered else None
        if answered is None or written is None or now - answered.at > STALE_FOR:
            return None
        return answered.clinic_id, answered.feed_id, written, now - answered.at

    def known(self, feed_id: int, revision: int, now: datetime) -> Written | None:
        """What was written for this revision, if it is still right."""
        with self._lock:
            known = self._written.get(feed_id)
            if known is None or known.revision != revision:
                return None
            if known.good_until is not None and now >= known.good_until:
                return None
            self._written.move_to_end(feed_id)
            return known

    def written(
        self, feed_id: int, revision: int, feed: CalendarFeed, now: datetime, good_until: datetime | None = None
    ) -> Written:
        """The feed's bytes, written anew only when something in it differs from the last time.

        `changed_at` is when this process first saw the content. That is never before it changed, whoever changed
        it, so a program that asks by date alone is never told of "no change" wrongly.

        Args:
            revision: as it was before the feed was read, so that a change meanwhile is seen next time.
        """
        with self._lock:
            known = self._written.get(feed_id)
        if known is not None and known.feed == feed:
            fresh = replace(known, revision=revision, good_until=good_until)
        else:
            data = feed_bytes(feed)
            # A whole second on, for HTTP dates have no fractions: what changes later in this second counts as later.
            changed_at = now.replace(microsecond=0) + timedelta(seconds=1)
            packed = gzip.compress(data, mtime=0)
            fresh = Written(feed, data, packed, etag(data), changed_at, revision, good_until)
        with self._lock:
            self._written[feed_id] = fresh
            self._written.move_to_end(feed_id)
            while len(self._written) > self._most_kept:
                self._written.popitem(last=False)
        return fresh

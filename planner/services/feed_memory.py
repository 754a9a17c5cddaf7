"""The bytes of feeds that were written lately: calendars ask often, and seldom has anything changed."""

from __future__ import annotations

import gzip
import threading
from collections import OrderedDict
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from planner.calendars.feed import CalendarFeed, etag, feed_bytes

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


class FeedMemory:
    """Keeps what was written last for each feed; one for each process, used by all its threads."""

    def __init__(self, most_kept: int = _MOST_KEPT) -> None:
        self._most_kept = most_kept
        self._written: OrderedDict[int, Written] = OrderedDict()
        self._lock = threading.Lock()

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

"""The bytes of feeds that were written lately: calendars ask often, and seldom has anything changed."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from planner.calendars.feed import CalendarFeed, etag, feed_bytes

_MOST_KEPT: Final = 500


@dataclass(frozen=True, slots=True)
class Written:
    """A feed's bytes.

    Args:
        changed_at: whole second; the bytes did not change at or after it.
    """

    feed: CalendarFeed
    data: bytes
    etag: str
    changed_at: datetime


class FeedMemory:
    """Keeps what was written last for each feed; one for each process, used by all its threads."""

    def __init__(self, most_kept: int = _MOST_KEPT) -> None:
        self._most_kept = most_kept
        self._written: OrderedDict[int, Written] = OrderedDict()
        self._lock = threading.Lock()

    def written(self, feed_id: int, feed: CalendarFeed, now: datetime) -> Written:
        """The feed's bytes, written anew only when something in it differs from the last time.

        `changed_at` is when this process first saw the content. That is never before it changed, whoever changed
        it, so a program that asks by date alone is never told of "no change" wrongly.
        """
        with self._lock:
            known = self._written.get(feed_id)
            if known is not None and known.feed == feed:
                self._written.move_to_end(feed_id)
                return known
        data = feed_bytes(feed)
        # A whole second on, for HTTP dates have no fractions: what changes later in this second counts as later.
        fresh = Written(feed, data, etag(data), now.replace(microsecond=0) + timedelta(seconds=1))
        with self._lock:
            self._written[feed_id] = fresh
            self._written.move_to_end(feed_id)
            while len(self._written) > self._most_kept:
                self._written.popitem(last=False)
        return fresh

"""Row numbers made by the program: sortable by time, so that a clinic can move to another database with its keys."""

import secrets
import threading
import time

_EPOCH_MS = 1_735_689_600_000  # 2025-01-01T00:00Z keeps 43 bits of milliseconds for a century.
_RANDOM_BITS = 20
_lock = threading.Lock()
_last = 0


def new_id() -> int:
    """A positive 63-bit number, larger than every one this process made before."""
    global _last
    fresh = (time.time_ns() // 1_000_000 - _EPOCH_MS) << _RANDOM_BITS | secrets.randbits(_RANDOM_BITS)
    with _lock:
        _last = max(fresh, _last + 1)
        return _last

"""Compile the search to machine code once, at set-up: python -m planner.scheduling.warm."""

import sys
from datetime import date, datetime, time, timedelta

from planner.scheduling import fast
from planner.scheduling.problem import Course, Gap, Problem, Resource, Session, Window


def example() -> Problem:
    """Return two courses in one week, enough to run every kernel."""
    first = date(2026, 3, 2)
    mornings = tuple(
        (datetime.combine(first + timedelta(day), time(9)), datetime.combine(first + timedelta(day), time(12)))
        for day in range(14)
    )
    windows = tuple(Window(weekday, 480, 1080, 0) for weekday in range(7))
    sessions = (Session(60, None), Session(30, Gap(3, 2, 5)), Session(30, Gap(7, 5, 9)))
    courses = tuple(Course(name, first, sessions, {"t": 0}, windows) for name in ("a", "b"))
    diary = Resource("t", mornings), Resource("r", mornings)
    return Problem("Europe/London", 30, first, 14, diary[:1], diary[1:], courses)


def warm() -> bool:
    """Compile what is not compiled yet; False if numba is not installed."""
    if fast.ready():
        return True
    print("Compiling the search, once: about a minute.", flush=True)
    # Numba looks at a function's own file only, so code that calls changed functions of another file would be stale.
    for pattern in ("*.nbi", "*.nbc"):
        for stale in fast.MARK.parent.glob(pattern):
            stale.unlink()
    from planner.scheduling import compiled, joint

    if not compiled.HAS_NUMBA:
        return False
    joint.Joint(example(), seed=0).rehearse()
    fast.MARK.parent.mkdir(exist_ok=True)
    fast.MARK.write_text(fast.fingerprint(), encoding="ascii")
    return True


def main() -> int:
    """Compile what is not compiled yet; say so where there is no compiler."""
    if not warm():
        print("Without numba (the extra `fast`) the search stays uncompiled.")
    return 0


if __name__ == "__main__":
    sys.exit(main())

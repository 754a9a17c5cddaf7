"""Compile the search to machine code once, at set-up: python -m planner.scheduling.warm."""

import fcntl
import sys
from datetime import date, datetime, time, timedelta
from pathlib import Path

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
    """Compile what is not compiled yet; False where there is no compiler, or nowhere to keep what it makes."""
    if fast.ready():
        return True
    if not fast.installed() or not fast.writable():
        return False
    with (fast.place() / "compiling.lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # Of two who begin at once the second finds it done.
        if not fast.ready():
            _compile()
    return True


def _compile() -> None:
    print("Compiling the search, once: a minute or two.", flush=True)
    from planner.scheduling import joint, kernel_course, quick_course

    # Numba looks at a function's own file only, so code that calls changed functions of another file would be stale.
    kept = Path(kernel_course.plan_one.stats.cache_path)  # type: ignore[attr-defined]
    for pattern in ("*.nbi", "*.nbc"):
        for stale in kept.glob(pattern):
            stale.unlink()
    joint.Joint(example(), seed=0).rehearse()
    quick_course.rehearse()
    fast.mark().write_text(fast.fingerprint(), encoding="ascii")


def main() -> int:
    """Compile what is not compiled yet; say why where that can't be."""
    if not warm():
        why = f"{fast.place()} can't be written" if fast.installed() else "numba (the extra `fast`) is missing"
        print(f"The search stays uncompiled: {why}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())

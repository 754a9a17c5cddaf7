"""What another place for a session means for its course, in words: every reason for which it costs what it costs."""

from collections.abc import Iterator, Mapping

from planner.scheduling import words
from planner.scheduling.points import gap_points, window_points
from planner.scheduling.problem import Course, Placed

Plan = Mapping[int, Placed]


def compared(course: Course, session: int, now: Plan, then: Plan) -> str:
    """Say what it means that a session stands where `then` has it, beside the plan `now`.

    Args:
        now: the course's sessions by number as they are planned; the session itself may have no place there.
        then: the same with the session elsewhere, and with the best that may follow.
    """
    reasons = (
        _dated(course, session, now, then),
        *_beside(course, session, now, then),
        *_wishes(course, session, now, then),
    )
    return "; ".join((*reasons, *_later(session, now, then)))


def _dated(course: Course, session: int, now: Plan, then: Plan) -> str:
    """Say how the date compares with what was wanted: the gap, or how long the patient waits."""
    since = _since(course, session, then)
    if since is not None:
        return f"{words.days(since)} after the last, {_wanted(course, session, since)}"
    waited = (then[session].start.date() - course.earliest_day).days
    says = f"{words.days(waited)} after the earliest day" if waited else "on the earliest day"
    longer = waited - (now[session].start.date() - course.earliest_day).days if session in now else 0
    if not longer or not course.wait_points_per_day:
        return says
    return f"{says}, a wait {words.days(abs(longer))} {'longer' if longer > 0 else 'shorter'}"


def _since(course: Course, session: int, plan: Plan) -> int | None:
    """Return the days from the session before, None where nothing is before it or no gap is wanted."""
    previous = plan[session - 1].start if session else course.previous_start
    if course.sessions[session].gap is None or previous is None:
        return None
    return (plan[session].start.date() - previous.date()).days


def _wanted(course: Course, session: int, days: int) -> str:
    gap = course.sessions[session].gap
    if gap is None:
        raise ValueError("only a session with a gap is measured by it")
    if abs(days - gap.target) < 1:  # a target of 3.5 days is met by 3 and by 4
        return "as planned"
    return f"{abs(days - gap.target):g} {'more' if days > gap.target else 'fewer'} than planned"


def _beside(course: Course, session: int, now: Plan, then: Plan) -> Iterator[str]:
    """Say what is worse beside the neighbours: the gap to the next, and another therapist than theirs."""
    following = session + 1
    if following in then and following in now and session in now:
        days, before = _since(course, following, then), _since(course, following, now)
        gap = course.sessions[following].gap
        if gap and days is not None and before is not None and gap_points(gap, days) > gap_points(gap, before):
            yield f"the next {words.days(days)} after it, {_wanted(course, following, days)}"
    sides = {"before": session - 1, "after": following}
    who = then[session].practitioner
    unlike = [side for side, number in sides.items() if number in then and then[number].practitioner != who]
    if unlike:
        yield f"another therapist than {' and '.join(unlike)}"


def _wishes(course: Course, session: int, now: Plan, then: Plan) -> Iterator[str]:
    """Say which of the patient's wishes it meets less well than the place now, or than the best there could be."""
    here, least = then[session], now.get(session)
    own = course.practitioners
    if own[here.practitioner] > (own[least.practitioner] if least else min(own.values())):
        yield "a therapist the patient likes less"
    best = _window(course, least) if least else min((window.points for window in course.available), default=0)
    if _window(course, here) > best:
        yield "an hour the patient likes less"
    for current in course.current:
        if current.session == session and not current.locked:
            stood = (current.start, current.practitioner)
            if stood == (here.start, here.practitioner):
                yield "where it stands in the diary"
            elif least and stood == (least.start, least.practitioner) and current.move_points:
                yield "an agreed visit moves"


def _window(course: Course, placed: Placed) -> int:
    minutes = course.sessions[placed.session].minutes
    start = placed.start.hour * 60 + placed.start.minute
    return window_points(course, placed.start.weekday(), start, minutes) or 0


def later_moved(session: int, now: Plan, then: Plan) -> int:
    """Return how many sessions after this one stand elsewhere."""
    return sum(
        1 for number in then if number > session and number in now and _where(then[number]) != _where(now[number])
    )


def _later(session: int, now: Plan, then: Plan) -> Iterator[str]:
    moved, dropped = later_moved(session, now, then), max(0, len(now) - len(then))
    if moved:
        yield f"{words.counted(moved, 'later session')} move{'s' if moved == 1 else ''} with it"
    if dropped:
        yield f"{words.counted(dropped, 'later session')} would have no place"


def _where(placed: Placed) -> tuple[object, str]:
    return placed.start, placed.practitioner

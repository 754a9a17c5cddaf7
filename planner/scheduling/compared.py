"""What another place for a session means for its course, in words: every reason for which it costs what it costs."""

from collections.abc import Iterator, Mapping

from planner.scheduling import words
from planner.scheduling.points import gap_points, window_points
from planner.scheduling.problem import Course, Placed
from planner.words import Text, decimal_said, listing, say, say_many

Plan = Mapping[int, Placed]


def compared(course: Course, session: int, now: Plan, then: Plan) -> Text:
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
    return listing((*reasons, *_later(session, now, then)), "; ")


def _dated(course: Course, session: int, now: Plan, then: Plan) -> Text:
    """Say how the date compares with what was wanted: the gap, or how long the patient waits."""
    since = _since(course, session, then)
    if since is not None:
        wanted = _wanted(course, session, since)
        return say("%(days)s after the last, %(wanted)s", days=words.days(since), wanted=wanted)
    waited = (then[session].start.date() - course.earliest_day).days
    says = say("%(days)s after the earliest day", days=words.days(waited)) if waited else say("on the earliest day")
    longer = waited - (now[session].start.date() - course.earliest_day).days if session in now else 0
    if not longer or not course.wait_points_per_day:
        return says
    if longer > 0:
        return say("%(says)s, a wait %(days)s longer", says=says, days=words.days(longer))
    return say("%(says)s, a wait %(days)s shorter", says=says, days=words.days(-longer))


def _since(course: Course, session: int, plan: Plan) -> int | None:
    """Return the days from the session before, None where nothing is before it or no gap is wanted."""
    previous = plan[session - 1].start if session else course.previous_start
    if course.sessions[session].gap is None or previous is None:
        return None
    return (plan[session].start.date() - previous.date()).days


def _wanted(course: Course, session: int, days: int) -> Text:
    gap = course.sessions[session].gap
    if gap is None:
        raise ValueError("only a session with a gap is measured by it")
    if abs(days - gap.target) < 1:  # a target of 3.5 days is met by 3 and by 4
        return say("as planned")
    if days > gap.target:
        return say("%(days)s more than planned", days=decimal_said(days - gap.target))
    return say("%(days)s fewer than planned", days=decimal_said(gap.target - days))


def _beside(course: Course, session: int, now: Plan, then: Plan) -> Iterator[Text]:
    """Say what is worse beside the neighbours: the gap to the next, and another therapist than theirs."""
    following = session + 1
    if following in then and following in now and session in now:
        days, until_now = _since(course, following, then), _since(course, following, now)
        gap = course.sessions[following].gap
        if gap and days is not None and until_now is not None and gap_points(gap, days) > gap_points(gap, until_now):
            wanted = _wanted(course, following, days)
            yield say("the next %(days)s after it, %(wanted)s", days=words.days(days), wanted=wanted)
    who = then[session].practitioner
    before, after = (number in then and then[number].practitioner != who for number in (session - 1, following))
    if before and after:
        yield say("another therapist than before and after")
    elif before:
        yield say("another therapist than before")
    elif after:
        yield say("another therapist than after")


def _wishes(course: Course, session: int, now: Plan, then: Plan) -> Iterator[Text]:
    """Say which of the patient's wishes it meets less well than the place now, or than the best there could be."""
    here, least = then[session], now.get(session)
    own = course.practitioners
    if own[here.practitioner] > (own[least.practitioner] if least else min(own.values())):
        yield say("a therapist the patient likes less")
    best = _window(course, least) if least else min((window.points for window in course.available), default=0)
    if _window(course, here) > best:
        yield say("an hour the patient likes less")
    for current in course.current:
        if current.session == session and not current.locked:
            stood = (current.start, current.practitioner)
            if stood == (here.start, here.practitioner):
                yield say("where it stands in the diary")
            elif least and stood == (least.start, least.practitioner) and current.move_points:
                yield say("an agreed visit moves")


def _window(course: Course, placed: Placed) -> int:
    minutes = course.sessions[placed.session].minutes
    start = placed.start.hour * 60 + placed.start.minute
    return window_points(course, placed.start.weekday(), start, minutes) or 0


def later_moved(session: int, now: Plan, then: Plan) -> int:
    """Return how many sessions after this one stand elsewhere."""
    return sum(
        1 for number in then if number > session and number in now and _where(then[number]) != _where(now[number])
    )


def _later(session: int, now: Plan, then: Plan) -> Iterator[Text]:
    moved, dropped = later_moved(session, now, then), max(0, len(now) - len(then))
    if moved:
        yield say_many("%(num)s later session moves with it", "%(num)s later sessions move with it", moved)
    if dropped:
        yield say_many(
            "%(num)s later session would have no place", "%(num)s later sessions would have no place", dropped
        )


def _where(placed: Placed) -> tuple[object, str]:
    return placed.start, placed.practitioner

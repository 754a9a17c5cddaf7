"""How fast the optimum for one course is found, and how much better it is than taking the next free slot.

usage: python -m benchmarks.one_course [--problems 20]
"""

import argparse
import statistics
import time
from dataclasses import replace
from datetime import datetime, timedelta

from benchmarks.make_clinic import FORTNIGHTLY, MONTHLY, TWICE_A_WEEK, WEEKLY, Wish, make_problem
from planner.scheduling.many_courses import solve
from planner.scheduling.one_course import solve_course
from planner.scheduling.points import points
from planner.scheduling.problem import Course, Gap, Placed, Problem, Resource, Session, Unplaced

GAPS = [Gap.from_json(gap) for gap in [TWICE_A_WEEK] * 4 + [WEEKLY] * 4 + [FORTNIGHTLY] * 2 + [MONTHLY]]
ROUNDS = 5


def standard_problem(seed: int) -> Problem:
    """Return 26 weeks, 12 sessions, 4 practitioners who may all treat, a grid of 15 minutes."""
    made = make_problem(Wish(seed=seed, practitioners=4, load=0.7))
    course = made.courses[0]
    sessions = (Session(60, None), *(Session(45, gap) for gap in GAPS))
    everybody = {person.id: 40 * (course.practitioners.get(person.id) != 0) for person in made.practitioners}
    return replace(made, courses=(replace(course, sessions=sessions, practitioners=everybody, away=()),))


def next_free_slot(problem: Problem) -> int:
    """Return the points when each session takes the first legal start from its target day on."""
    course = problem.courses[0]
    placed: list[Placed] = []
    day = datetime.combine(course.earliest_day, datetime.min.time())
    for number, session in enumerate(course.sessions):
        if session.gap and placed:
            # Three days are 48 hours by every clock.
            midnight = datetime.combine(placed[-1].start.date(), datetime.min.time())
            day = midnight + timedelta(days=max(3, round(session.gap.target)))
        found = _first_start(problem, course, number, day)
        if found is None:
            break
        placed.append(found)
    rest = [Unplaced(course.id, number, "no slot") for number in range(len(placed), len(course.sessions))]
    return points(problem, placed, rest).total


def _first_start(problem: Problem, course: Course, number: int, day: datetime) -> Placed | None:
    minutes = timedelta(minutes=course.sessions[number].minutes)
    while day.date() <= problem.last_day:
        for window in course.available:
            start = day + timedelta(minutes=window.start_minute)
            while window.weekday == day.weekday() and start + minutes <= day + timedelta(minutes=window.end_minute):
                for person in problem.practitioners:
                    room = next((room for room in problem.rooms if _free(room, start, start + minutes)), None)
                    if room and _free(person, start, start + minutes):
                        return Placed(course.id, number, person.id, room.id, start)
                start += timedelta(minutes=problem.grid_minutes)
        day += timedelta(days=1)
    return None


def _free(resource: Resource, start: datetime, end: datetime) -> bool:
    return any(begin <= start and end <= beyond for begin, beyond in resource.free)


def milliseconds(problem: Problem) -> tuple[float, float]:
    """Return the median time of the search and of the whole solve with its independent check."""
    search, whole = [], []
    for _ in range(ROUNDS):
        begin = time.perf_counter()
        solve_course(problem, problem.courses[0].id)
        middle = time.perf_counter()
        solve(problem)
        search.append(middle - begin)
        whole.append(time.perf_counter() - middle)
    return 1000 * statistics.median(search), 1000 * statistics.median(whole)


def main() -> None:
    """Print the median over the problems."""
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--problems", type=int, default=20)
    problems = [standard_problem(seed) for seed in range(1, ask.parse_args().problems + 1)]
    solve(problems[0])  # the first call pays for imports and time-zone tables
    times = [milliseconds(problem) for problem in problems]
    optimum = [solve(problem).points for problem in problems]
    greedy = [next_free_slot(problem) for problem in problems]
    print(f"{len(problems)} problems: 26 weeks, 12 sessions, 4 practitioners, 15-minute grid")
    print(f"search, median:          {statistics.median(search for search, _ in times):6.1f} ms")
    print(f"with check, median:      {statistics.median(whole for _, whole in times):6.1f} ms")
    print(f"with check, slowest:     {max(whole for _, whole in times):6.1f} ms")
    ratios = [slot / max(1, best) for slot, best in zip(greedy, optimum, strict=True)]
    print(f"next free slot / optimum, points, median: {statistics.median(ratios):.2f}")


if __name__ == "__main__":
    main()

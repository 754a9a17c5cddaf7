"""An independent model of a small problem for CP-SAT: its optimum must be ours."""

from datetime import datetime, timedelta

from planner.scheduling.problem import Course, Placed, Problem
from tests.scheduling.problems import _far_enough, _gap, _valid, _window


def optimum(problem: Problem, seconds: float = 30) -> int | None:
    """The fewest points of any valid answer, None if there is none."""
    from ortools.sat.python import cp_model

    model = cp_model.CpModel()
    costs: list = []
    spans: dict[tuple[str, str], list] = {}
    for course in problem.courses:
        _add_course(model, problem, course, costs, spans)
    for intervals in spans.values():
        model.add_no_overlap(intervals)
    model.minimize(sum(costs))
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.max_time_in_seconds = seconds
    status = solver.solve(model)
    if status == cp_model.INFEASIBLE:
        return None
    assert status == cp_model.OPTIMAL, "the instance is too large for this model"
    return round(solver.objective_value)


def _add_course(model, problem: Problem, course: Course, costs: list, spans: dict) -> None:
    """A yes or no for every place of every session, and for every two places in a row."""
    before: list[tuple[Placed, object]] = []
    for number, session in enumerate(course.sessions):
        here = [(place, model.new_bool_var("")) for place in _places(problem, course, number)]
        _add_session(model, problem, course, number, here, costs, spans)
        if number == 0:
            costs += [_first_points(course, place) * used for place, used in here]
        else:
            pairs = {}
            for i, (one, _) in enumerate(before):
                for j, (two, _) in enumerate(here):
                    if _far_enough(problem, course, [one], two):
                        pairs[i, j] = model.new_bool_var("")
                        days = (two.start.date() - one.start.date()).days
                        change = problem.weights.practitioner_change * (one.practitioner != two.practitioner)
                        costs.append((_gap(session.gap, days) + change) * pairs[i, j])
            for i, (_, used) in enumerate(before):
                model.add(sum(pair for (one, _), pair in pairs.items() if one == i) <= used)
            for j, (_, used) in enumerate(here):
                model.add(sum(pair for (_, two), pair in pairs.items() if two == j) == used)
        before = here


def _add_session(model, problem, course, number, here, costs, spans) -> None:
    placed = sum(used for _, used in here)
    now = next((now for now in course.current if now.session == number), None)
    if now is not None and now.locked:
        model.add(placed == 1)
    else:
        model.add(placed <= 1)
    costs.append(problem.weights.unplaced_session * (1 - placed))
    if now is not None and not now.locked:
        stays = [used for place, used in here if (place.practitioner, place.start) == (now.practitioner, now.start)]
        costs.append(now.move_points * (1 - sum(stays)))
    minutes = course.sessions[number].minutes
    for place, used in here:
        window = _window(course, place.start, place.start + timedelta(minutes=minutes))
        costs.append((course.practitioners[place.practitioner] + window) * used)
        start = (place.start.toordinal() * 24 + place.start.hour) * 60 + place.start.minute
        interval = model.new_optional_fixed_size_interval_var(start, minutes, used, "")
        spans.setdefault(("practitioner", place.practitioner), []).append(interval)
        spans.setdefault(("room", place.room), []).append(interval)


def _places(problem: Problem, course: Course, number: int) -> list[Placed]:
    midnight, out = datetime.combine(problem.first_day, datetime.min.time()), []
    for person in course.practitioners:
        for minute in range(0, problem.days * 1440, problem.grid_minutes):
            start = midnight + timedelta(minutes=minute)
            for room in problem.rooms:
                place = Placed(course.id, number, person, room.id, start)
                if _valid(problem, course, place) and (number or _far_enough(problem, course, [], place)):
                    out.append(place)
    return out


def _first_points(course: Course, place: Placed) -> int:
    gap = course.sessions[0].gap
    if gap is None:
        return course.wait_points_per_day * (place.start.date() - course.earliest_day).days
    return _gap(gap, (place.start.date() - course.previous_start.date()).days)

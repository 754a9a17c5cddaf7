"""Other places for a session, each with what it costs and why; and a course re-planned round sessions put by hand."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np

from planner.errors import InvalidInput
from planner.scheduling import words
from planner.scheduling.board import Place, board_with
from planner.scheduling.compared import compared, later_moved
from planner.scheduling.course_model import Costs, CourseModel
from planner.scheduling.grid import Yes
from planner.scheduling.one_course import CourseSolution, Search, Spot, plan_course, solution_of, solve_on
from planner.scheduling.pins import pins_of
from planner.scheduling.points import course_points
from planner.scheduling.problem import Course, Placed, Problem, Solution
from planner.scheduling.wall import gap_seconds
from planner.words import say

# What a proposal is charged for resembling one already chosen: three starts on one day are no choice.
_SAME_DAY, _SAME_PRACTITIONER = 150, 30
SOON_DAYS = 7
"""A course that begins so many days after the first one wished for begins at once, more or less: in a week every
weekday on which somebody works has come."""


@dataclass(frozen=True, slots=True)
class Alternative:
    """Another place for one session, and by how many points the whole plan becomes dearer (cheaper below 0).

    The sessions before it stay; of those after it `moved` go elsewhere, so that the plan is the best round this
    place, and `dropped` have no place any more. `where` is the place in words, `why` all that makes it dearer.
    """

    practitioner: str
    room: str
    start: datetime
    extra_points: int
    where: str
    why: str
    moved: int = 0
    dropped: int = 0

    @property
    def says(self) -> str:
        """Such as Tuesday 14:00 with Ben: 9 days after the last, 2 more than planned."""
        return f"{self.where}: {self.why}"

    @property
    def cost(self) -> str:
        """Such as 25 points more; for staff, who know what points are."""
        return words.points_more(self.extra_points)


def alternatives(
    problem: Problem, solution: Solution, course_id: str, session: int, limit: int = 3
) -> tuple[Alternative, ...]:
    """Return the best other places for a session, on different days if possible; the sessions after it may follow.

    A locked session has none. An unplaced one has some only if it is the first of them: the others come after it.

    Raises:
        InvalidInput: there is no such course or session.
    """
    course = problem.course(course_id)
    if not 0 <= session < len(course.sessions):
        raise InvalidInput(f"Course {course_id} has no session {session + 1}.", field="session")
    return _others(problem, solution, course, ()).of(session, limit)


def all_alternatives(
    problem: Problem, solution: Solution, course_id: str, pinned: Collection[int] = (), limit: int = 3
) -> dict[int, tuple[Alternative, ...]]:
    """Return the same for every session of a course at once.

    Args:
        pinned: sessions that a person has put where they are: none of them moves for another one's sake.
    """
    course = problem.course(course_id)
    return _others(problem, solution, course, pinned).all(limit)


def follow_on(
    problem: Problem, course_id: str, pinned: Mapping[int, Placed], taken: Iterable[Placed] = ()
) -> CourseSolution:
    """Return the course's optimum with some sessions put by hand; all the others follow.

    Args:
        pinned: by session; locked current appointments stay as well.
        taken: other courses' appointments.
    Raises:
        InvalidInput: a pinned session can't be there, or the others have no legal place around it.
    """
    course = problem.course(course_id)
    by_hand = {number: replace(placed, course=course_id, session=number) for number, placed in pinned.items()}
    return solve_on(board_with(problem, taken), course, by_hand)


def follow_on_with_alternatives(
    problem: Problem, course_id: str, pinned: Mapping[int, Placed], limit: int = 3
) -> tuple[CourseSolution, dict[int, tuple[Alternative, ...]]]:
    """Return what `follow_on` and then `all_alternatives` return, for little more than the work of one.

    Raises:
        InvalidInput: as `follow_on`.
    """
    course = problem.course(course_id)
    by_hand = {number: replace(placed, course=course_id, session=number) for number, placed in pinned.items()}
    model = CourseModel(board_with(problem, ()), course)
    pins = pins_of(model, by_hand)
    search = None if 0 in model.shape else Search(model, pins)
    found = solution_of(model, search.plan() if search else plan_course(model, pins))
    return found, _Others(model, search, {placed.session: placed for placed in found.appointments}).all(limit)


def _others(problem: Problem, solution: Solution, course: Course, pinned: Collection[int]) -> "_Others":
    mine = {placed.session: placed for placed in solution.appointments if placed.course == course.id}
    board = board_with(problem, (placed for placed in solution.appointments if placed.course != course.id))
    model = CourseModel(board, course)
    by_hand = {number: mine[number] for number in pinned if number in mine}
    search = None if 0 in model.shape else Search(model, pins_of(model, by_hand))
    return _Others(model, search, mine)


@dataclass(frozen=True, slots=True)
class _Option:
    """The cheapest start of one day with one practitioner."""

    extra: int
    spot: Spot


class _Others:
    """What the search from the last session back says of every place of one course beside all other courses."""

    def __init__(self, model: CourseModel, search: Search | None, mine: Mapping[int, Placed]) -> None:
        self.model, self.search, self.mine = model, search, mine
        self.board, self.course, self.problem = model.board, model.course, model.board.problem
        self.locked = {now.session for now in self.course.current if now.locked}
        self.now = course_points(self.problem, self.course, mine).total

    def all(self, limit: int) -> dict[int, tuple[Alternative, ...]]:
        """Return the best other places for every session."""
        return {session: self.of(session, limit) for session in range(len(self.course.sessions))}

    def of(self, session: int, limit: int) -> tuple[Alternative, ...]:
        """Return the best other places for one session."""
        if self.search is None or session > len(self.mine) or session in self.locked:
            return ()
        options = self._options(self.search, session)
        chosen = _different(options, limit)
        if session == 0 and self.course.sessions[0].gap is None:
            chosen = self._with_a_soon_one(chosen, options, limit)
        return tuple(self._alternative(self.search, session, option) for option in chosen)

    def _with_a_soon_one(self, chosen: list[_Option], options: list[_Option], limit: int) -> list[_Option]:
        """Where a course begins late, because of days away for instance, let the last choice be to begin at once.

        Whether somebody in pain should rather wait than be interrupted is for a person to say, not for points.
        """
        last = (self.course.earliest_day - self.board.grid.first_day).days + SOON_DAYS

        def soon(option: _Option) -> bool:
            return int(self.model.days[option.spot[1]]) <= last

        here = self.mine.get(0)
        late = here is not None and (here.start.date() - self.board.grid.first_day).days > last
        first = next((option for option in options if soon(option)), None)
        if not late or first is None or any(map(soon, chosen)):
            return chosen
        return [*chosen[: limit - 1], first]

    def _options(self, search: Search, session: int) -> list[_Option]:
        """Return the cheapest start of each day with each practitioner, cheapest first, then by time."""
        costs = self._costs(search, session)
        cells, points = costs.argmin(axis=2), costs.min(axis=2)
        who, day = np.nonzero(points < self.model.never)
        cell, extra = cells[who, day], points[who, day] + (self._before(session) - self.now)
        order = np.lexsort((who, cell, day, extra))
        rows = np.stack([extra, who, day, cell], axis=1)[order].tolist()
        return [_Option(points, (person, row, start)) for points, person, row, start in rows]

    def _costs(self, search: Search, session: int) -> Costs:
        """Return (practitioners, days, cells): the points of the session there and of the best that may follow."""
        model, never = self.model, self.model.never
        costs = search.value(session).astype(np.int64)
        if session:
            before, gap = self.mine[session - 1], self.course.sessions[session].gap
            apart = model.days - (before.start.date() - self.board.grid.first_day).days
            if gap is None:
                raise ValueError("only the first session may be without a gap")
            costs += model.gap_prices(gap, apart)[None, :, None]
            costs[[name != before.practitioner for name in self.course.practitioners]] += model.change
            costs[:, ~self._after(self._place(session - 1))] = never
        here = model.spot(self._place(session)) if session in self.mine else None
        if here is not None:
            costs[here] = never
        return np.minimum(costs, never)

    def _after(self, before: Place) -> Yes:
        """Return (days, cells) of the model: the starts far enough in hours from a session, and not before its end."""
        model, grid = self.model, self.board.grid
        numbers = model.days[:, None] * grid.cells + np.arange(model.cells.start, model.cells.stop)
        rested = grid.instant.reshape(-1)[before.cell] + gap_seconds(self.course.min_gap_hours)
        out: Yes = (model.instant >= rested) & (numbers >= before.cell + before.need)
        return out

    def _place(self, session: int) -> Place:
        return self.board.place_of(self.course, self.mine[session])

    def _before(self, session: int) -> int:
        """Return the points of the sessions before, without what leaving out the others would cost."""
        course = self.course
        before = {number: self.mine[number] for number in range(session)}
        left_out = self.problem.weights.unplaced_session * (len(course.sessions) - session)
        left_out += sum(now.move_points for now in course.current if now.session >= session and not now.locked)
        return course_points(self.problem, course, before).total - left_out

    def _alternative(self, search: Search, session: int, option: _Option) -> Alternative:
        placed = self._placed(session, option.spot)
        then = self._then(search, session, placed, option)
        name = words.practitioner(self.problem, placed.practitioner)
        where = say("%(when)s with %(name)s", when=words.moment(placed.start), name=name)
        return Alternative(
            practitioner=placed.practitioner,
            room=placed.room,
            start=placed.start,
            extra_points=option.extra,
            where=where,
            why=compared(self.course, session, self.mine, then),
            moved=later_moved(session, self.mine, then),
            dropped=max(0, len(self.mine) - len(then)),
        )

    def _placed(self, session: int, spot: Spot) -> Placed:
        who, day, cell = spot
        need = self.board.grid.need(self.course.sessions[session].minutes)
        start = self.model.cell_number(day, cell)
        place = Place(start, need, self.model.who[who], self.board.free_room(start, need))
        return self.board.placed(self.course, session, place)

    def _then(self, search: Search, session: int, placed: Placed, option: _Option) -> dict[int, Placed]:
        """Return the course with the session there; those after it stay where that costs no more."""
        alone = {**self.mine, session: placed}
        if self._others_may_stay(session, placed):
            cost = course_points(self.problem, self.course, alone).total
            if cost == self.now + option.extra:
                return alone
        before = {number: self.mine[number] for number in range(session)}
        after = {here.session: here for here in self._following(search, session, option.spot)}
        return {**before, session: placed, **after}

    def _others_may_stay(self, session: int, placed: Placed) -> bool:
        if session + 1 not in self.mine:
            return True
        before, after = self.board.place_of(self.course, placed), self._place(session + 1)
        gap, instant = self.course.sessions[session + 1].gap, self.board.grid.instant.reshape(-1)
        rested = instant[after.cell] - instant[before.cell] >= gap_seconds(self.course.min_gap_hours)
        days = (self.mine[session + 1].start.date() - placed.start.date()).days
        return bool(rested) and after.cell >= before.cell + before.need and (gap is None or days >= gap.min)

    def _following(self, search: Search, session: int, spot: Spot) -> Iterator[Placed]:
        """Yield the best places of the sessions after one that stands there."""
        # Only the last of the spots matters to what follows, so those before may be anything.
        spots = search.forward([spot] * (session + 1))
        for number in range(session + 1, len(spots)):
            yield self._placed(number, spots[number])


def _different(options: list[_Option], limit: int) -> list[_Option]:
    """Choose cheap ones that differ in day and practitioner."""
    if not options:
        return []
    extra = np.array([option.extra for option in options], dtype=np.int64)
    who, day = (np.array([option.spot[axis] for option in options], dtype=np.int64) for axis in (0, 1))
    charged, chosen = extra.copy(), [int(extra.argmin())]
    while len(chosen) < min(limit, len(options)):
        alike_day, alike_who = day == day[chosen[-1]], who == who[chosen[-1]]
        # Likeness is charged once, however many are alike already.
        charged += _SAME_DAY * (alike_day & (day[chosen[:-1]] != day[chosen[-1]]).all())
        charged += _SAME_PRACTITIONER * (alike_who & (who[chosen[:-1]] != who[chosen[-1]]).all())
        charged[chosen[-1]] = np.iinfo(np.int64).max // 2
        chosen.append(int(charged.argmin()))
    return [options[index] for index in sorted(chosen)]

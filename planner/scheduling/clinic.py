"""Where every course of a problem stands while the joint search moves them about."""

from collections.abc import Iterable, Sequence

from planner.errors import InvalidInput
from planner.scheduling.board import Board, Place
from planner.scheduling.course_model import CourseModel
from planner.scheduling.one_course import Plan, plan_course
from planner.scheduling.pins import Pins, pins_of
from planner.scheduling.problem import Placed, Problem, Solution, Unplaced
from planner.scheduling.reasons import unplaced_of
from planner.words import say

_UNKNOWN = Plan((), 0)
"""What a course costs alone as long as nobody has tried: nothing is below that."""


NO_TURN = say("The search was stopped before this course had its turn.")


class Clinic:
    """A board and a plan for every course, by its position in the problem.

    `alone` holds each course's optimum beside nothing but the other courses' locked appointments, once `try_alone` has
    found it: no answer can give a course fewer points, so their sum is a proved lower bound.

    Raises:
        InvalidInput: a locked appointment breaks a rule, so that there is no valid answer.
    """

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.board = Board(problem)
        self.models = [CourseModel(self.board, course) for course in problem.courses]
        self.pins: list[Pins] = []
        self.held: list[list[Place]] = []
        for index, model in enumerate(self.models):
            pins = pins_of(model, {})
            self.pins.append(pins)
            self.held.append(list(pins.places.values()))
            self._take(index, self.held[index])
        self.plans = [self._left_out(model) for model in self.models]
        self.alone = [_UNKNOWN for _ in self.models]
        self.lower_bound = 0
        self.passed_over: set[int] = set()
        """Courses that had no turn before somebody said stop."""

    def _take(self, index: int, places: Iterable[Place]) -> None:
        for place in places:
            self.board.take(place, index)

    def _left_out(self, model: CourseModel) -> Plan:
        moving = sum(current.move_points for current in model.course.current if not current.locked)
        return Plan((), model.count * self.problem.weights.unplaced_session + moving)

    def stands(self, index: int) -> bool:
        """Say whether a course has appointments already, so that it must never be left out for want of time."""
        return bool(self.models[index].course.current)

    def try_alone(self, index: int) -> None:
        """Find what a course costs at least, before anything but what is locked is on the board.

        Raises:
            InvalidInput: its locked appointments leave it no valid plan.
        """
        before = self.held[index]
        self.lift(index)
        plan = plan_course(self.models[index], self.pins[index])
        self.held[index] = before
        self._take(index, before)
        self.lower_bound += plan.points - self.alone[index].points
        self.alone[index] = plan

    @property
    def points(self) -> int:
        """The points of all plans together."""
        return sum(plan.points for plan in self.plans)

    def lift(self, index: int) -> None:
        """Take a course off the board."""
        for place in self.held[index]:
            self.board.release(place)
        self.held[index] = []

    def put(self, index: int, plan: Plan) -> None:
        """Put a lifted course on the board by this plan."""
        self.plans[index] = plan
        self.passed_over.discard(index)
        self.held[index] = list(plan.places)
        self._take(index, plan.places)

    def best(self, index: int) -> Plan:
        """Return a lifted course's optimum beside all that stands on the board.

        Raises:
            InvalidInput: its locked appointments can't be kept beside that.
        """
        return plan_course(self.models[index], self.pins[index])

    def clear(self) -> None:
        """Leave nothing on the board but the locked appointments."""
        for index, pins in enumerate(self.pins):
            self.lift(index)
            self.held[index] = list(pins.places.values())
            self.plans[index] = self._left_out(self.models[index])
        for index, held in enumerate(self.held):
            self._take(index, held)

    def hold_current(self) -> None:
        """Keep the places of unlocked current appointments free for their own courses, where they are still legal."""
        for index, model in enumerate(self.models):
            for current in model.current.values():
                place = model.current_place(current)
                if not current.locked and self.board.fits(place):
                    self.board.take(place, index)
                    self.held[index].append(place)

    def squeezed(self, index: int) -> bool:
        """Say whether a session that may move comes before a fixed one: the course must get its place first."""
        fixed = self.pins[index].places
        return bool(fixed) and max(fixed) >= len(fixed)

    def replan(self, indices: Sequence[int]) -> bool:
        """Plan these courses anew, one after another in this order; keep the outcome if it costs no more.

        Returns: whether it costs less than before.
        """
        before = [self.plans[index] for index in indices]
        for index in indices:
            self.lift(index)
        done = self._plan_all(indices, sum(plan.points for plan in before))
        if done is not None:
            return done
        for index in indices:
            self.lift(index)
        for index, plan in zip(indices, before, strict=True):
            self.put(index, plan)
        return False

    def _plan_all(self, indices: Sequence[int], limit: int) -> bool | None:
        """Plan lifted courses; None as soon as they cost more than the limit, counting the rest at their least."""
        total = sum(self.alone[index].points for index in indices)
        for index in indices:
            try:
                plan = self.best(index)
            except InvalidInput:
                return None  # its locked appointments can't be kept this way; the plans before could
            self.put(index, plan)
            total += plan.points - self.alone[index].points
            if total > limit:
                return None
        return total < limit

    def solution(self) -> Solution:
        """Return where everything stands, with a reason for every session that has no place."""
        appointments: list[Placed] = []
        unplaced: list[Unplaced] = []
        for index, (model, plan) in enumerate(zip(self.models, self.plans, strict=True)):
            course = model.course
            appointments += (self.board.placed(course, number, place) for number, place in enumerate(plan.places))
            if index in self.passed_over:
                unplaced += (Unplaced(course.id, number, NO_TURN) for number in range(model.count))
            else:
                unplaced += unplaced_of(model, plan.places)
        return Solution(tuple(appointments), tuple(unplaced), self.points, self.lower_bound)

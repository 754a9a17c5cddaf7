"""What befalls the whole clinic, from the look to the deed: at once where it touches few, else by a job (ADR 7)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, Protocol

from planner.errors import StaleForm
from planner.scheduling.together import Budget
from planner.services.difference import Difference
from planner.services.job_rows import Job, begun_before, keep_outcome, ready, use
from planner.services.joint import JointScene, Planned, settled, solved, still_good
from planner.services.outcomes import JobOutcome, OtherDates, Seen, other_dates
from planner.services.planning import policy_of
from planner.services.replan import Replan, changes, dates_told, names_touched, shown_replan
from planner.services.runtime import Actor, Runtime, Unit
from planner.services.snapshot import Booked
from planner.services.solve_jobs import Watch, Work, start
from planner.words import say

MOST_AT_ONCE: Final = 8
"""So many touched courses are planned while the browser waits; more become a job."""

THINK_SECONDS: Final = 20.0
SETTLE_SECONDS: Final = 3.0
"""So long is thought about what changed meanwhile, before the diary is locked."""

CHANGED: Final = say("The diary changed since this preview. Look at what would happen now.")

_AT_ONCE: Final = Budget(iterations=40)
"""So far is thought while the person waits; always as far, so that what was shown is what is done."""


class Happening(Protocol):
    """Something that befalls the clinic and is not recorded yet: a leave, other hours."""

    @property
    def kind(self) -> str:
        """Of its jobs."""

    def check(self, unit: Unit) -> None:
        """Refuse what makes no sense, or whom it is not for.

        Raises:
            InvalidInput: naming the field.
            NotAllowed: by this person.
        """

    def touches(self, unit: Unit) -> int:
        """How many courses it concerns. Raises as `check` does."""

    def scene(self, unit: Unit, also: Iterable[int] = ()) -> JointScene:
        """The courses it concerns, and those that may make room by the policy. Raises as `check` does.

        Args:
            also: ids of courses that took part in a plan made before.
        """

    def record(self, unit: Unit, plan: Sequence[Planned]) -> Replan:
        """Keep it, and bring all courses to the plan, as far as it still holds, together."""

    def to_json(self) -> dict[str, Any]:
        """What a job keeps of it."""


def planned_at_once(runtime: Runtime, actor: Actor, what: Happening) -> bool:
    """Whether something is planned while the browser waits: it touches few courses, and no others may make room.

    Raises:
        InvalidInput: it makes no sense.
    """
    with runtime.reading(actor) as unit:
        touched, alone = what.touches(unit), policy_of(unit) == "never"
    return touched == 0 or (touched <= MOST_AT_ONCE and alone)


def preview(runtime: Runtime, actor: Actor, what: Happening) -> Replan:
    """What recording this would do; nothing is kept."""
    scene, planned = _planned_now(runtime, actor, what)
    with runtime.reading(actor) as unit:
        return shown_replan(unit, planned, names_touched(scene))


def record(runtime: Runtime, actor: Actor, what: Happening, *, digest: str | None = None) -> Replan:
    """Record this, and plan every course that it concerns anew, at once.

    Args:
        digest: of the preview the person agreed to; None to take what comes.
    Raises:
        StaleForm: the diary changed since the preview, so that something else would happen.
    """
    _, planned = _planned_now(runtime, actor, what)
    with runtime.writing(actor) as unit:
        done = what.record(unit, planned)
        if digest is not None and digest != done.digest:
            raise StaleForm(CHANGED)
        return done


def preview_some(runtime: Runtime, actor: Actor, what: Happening, some: Happening) -> Replan:
    """What recording this would do where only some of the courses it concerns are changed; nothing is kept.

    Args:
        some: the same, for the chosen courses only; what would become of the others is shown beside them.
    """
    everything, planned = _planned_now(runtime, actor, what)
    with runtime.reading(actor) as unit:
        scene = some.scene(unit)
        done = settled(scene, needed(scene, planned))
        shown = shown_replan(unit, done, names_touched(scene))
        whole = shown_replan(unit, planned, names_touched(everything))
    chosen = {course.course_id: course for course in shown.courses}
    left = [replace(course, chosen=False) for course in whole.courses if not course.bystander]
    lines = [chosen.pop(course.course_id, course) for course in left]
    return replace(shown, courses=(*lines, *chosen.values()))


def record_some(runtime: Runtime, actor: Actor, what: Happening, some: Happening, digests: Mapping[int, str]) -> Replan:
    """Record this, and change only the courses that a person chose, each as it was shown.

    Args:
        some: see `preview_some`.
        digests: of each course that is to be changed, as `TouchedCourse.digest` named it in the preview.
    Raises:
        StaleForm: something else would become of one of them, or of another.
    """
    _, planned = _planned_now(runtime, actor, what)
    with runtime.writing(actor) as unit:
        done = some.record(unit, planned)
        if {course.course_id: course.digest for course in done.courses} != dict(digests):
            raise StaleForm(CHANGED)
        return done


def needed(scene: JointScene, plan: Sequence[Planned]) -> list[Planned]:
    """The part of a plan about the courses of this scene; nobody makes room who need not."""
    mine = [each for each in plan if str(each.course_id) in scene.asked]
    alone = [each for each in mine if not scene.asked[str(each.course_id)].bystander]
    return alone if len(still_good(scene, alone)) == len(alone) else mine


def begin(
    runtime: Runtime, actor: Actor, what: Happening, work: Work, *, job_id: int, seconds: float = THINK_SECONDS
) -> None:
    """Let the whole clinic's plan for this be made outside the request, improved for at most so many seconds.

    Args:
        job_id: comes with the form, so that sending it twice begins one planning.
        work: what `think` does for this kind.
    Raises:
        StaleForm: the form was sent before, with something else in it.
        InvalidInput: it makes no sense.
    """
    asked = what.to_json()
    with runtime.reading(actor) as unit:
        if begun_before(unit, job_id, what.kind, lambda request: {**request, **asked} == request):
            return
        what.check(unit)
    start(runtime, actor, what.kind, {**asked, "seconds": seconds}, work, job_id=job_id)


def think(runtime: Runtime, actor: Actor, what: Happening, seconds: float, watch: Watch) -> dict[str, Any]:
    """The work of a job: look at the diary, then think with nothing locked."""
    with runtime.reading(actor) as unit:
        scene = what.scene(unit)
    planned, answer = solved(scene, Budget(seconds=seconds, progress=watch.progress, stop=watch.stopped))
    touched = names_touched(scene)
    return {
        "courses": [each.to_json() for each in planned if each.course_id in touched or changes(each)],
        "touched": sorted(touched),
        "points": answer.points,
        "lower_bound": answer.lower_bound,
    }


def planned_by(runtime: Runtime, actor: Actor, job: Job) -> Replan:
    """What a finished job would do to the diary, as it was when it was planned."""
    with runtime.reading(actor) as unit:
        return shown_replan(unit, map(Planned.from_json, job.answer["courses"]), set(job.answer["touched"]))


def apply(
    runtime: Runtime,
    actor: Actor,
    job_id: int,
    kind: str,
    read: Callable[[Mapping[str, Any]], Happening],
    *,
    only: Collection[int] | None = None,
) -> Replan:
    """Record this by its finished plan; what was taken or changed meanwhile is planned anew.

    That happens before the diary is locked; inside, only what changed in the last moment is.

    Args:
        read: the inverse of `to_json`; for some of the courses it concerns, where only they are to be changed.
        only: the ids of those; None for all.
    Raises:
        StaleForm: it was recorded before.
        InvalidInput: the plan is not ready.
    """
    with runtime.reading(actor) as unit:
        job = ready(unit, job_id, kind)
        what = read(job.request)
        plan = [Planned.from_json(each) for each in job.answer["courses"]]
        scene = what.scene(unit, also={each.course_id for each in plan})
        if only is not None:
            plan = needed(scene, [each for each in plan if each.course_id in {*only, *_made_room(job)}])
        shown = shown_replan(unit, plan, set(job.answer["touched"]))
    plan = settled(scene, plan, Budget(seconds=SETTLE_SECONDS))
    with runtime.writing(actor) as unit:
        use(unit, job_id, kind)
        done = what.record(unit, plan)
        done = replace(done, others=tuple(_others(shown, done)))
        kept = JobOutcome(done.others, revision_id=next(iter(done.revision_ids), None))
        keep_outcome(unit, job_id, {**job.answer, "outcome": kept.to_json()})
        return done


def _made_room(job: Job) -> set[int]:
    """The courses of a plan that the event does not concern."""
    return {each["course_id"] for each in job.answer["courses"]} - set(job.answer["touched"])


def _others(shown: Replan, done: Replan) -> Iterator[OtherDates]:
    """The courses that were changed otherwise than was shown, and those that stay as they are after all."""
    before = {course.course_id: course for course in shown.courses}
    after = {course.course_id: course for course in done.courses}
    for course_id, course in {**before, **after}.items():
        was, now = (side[course_id].difference if course_id in side else None for side in (before, after))
        if (dates_told(was) if was else ()) == (dates_told(now) if now else ()):
            continue
        yield other_dates(course_id, course.patient, _seen(was, now), _seen(now, was))


def _seen(changes: Difference | None, others: Difference | None) -> dict[int, Seen]:
    """Where each session is after these changes; where there are none, it is where the other ones began."""
    if changes is not None:
        return {each.number: _place(each.after) for each in changes.changes}
    return {each.number: _place(each.before) for each in others.changes} if others is not None else {}


def _place(booked: Booked | None) -> Seen:
    return (booked.starts_at, booked.practitioner_id) if booked is not None else None


def _planned_now(runtime: Runtime, actor: Actor, what: Happening) -> tuple[JointScene, list[Planned]]:
    with runtime.reading(actor) as unit:
        scene = what.scene(unit)
    planned, _ = solved(scene, _AT_ONCE)
    return scene, planned

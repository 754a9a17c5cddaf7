"""The row of a long solve: opened, claimed, kept alive, stopped, ended, used. Each step is a short transaction."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, func, or_, select, update
from sqlalchemy.orm import Session

from planner.errors import InvalidInput, QueueFull, StaleForm
from planner.scheduling.gap import gap_percent
from planner.services.queued import planning_job
from planner.services.runtime import Actor, Runtime, Unit
from planner.services.sessions import actor_of
from planner.storage.jobs import SolveJobRow
from planner.storage.people import StaffRow
from planner.storage.queue import Queue
from planner.words import say

LEASE: Final = timedelta(seconds=30)
"""So long after its last sign of life a job counts as abandoned: its process has died."""

SHOWN_FOR: Final = timedelta(days=3)
"""So long a planning that was not used stands on reception's pages."""

MOST_AT_ONCE: Final = 3
"""So many plannings of one clinic may run beside one another: each thinks with all of a processor."""

MOST_TRIES: Final = 3
"""So often workers take one planning up, where those that worked on it died."""

_MOST_SHOWN: Final = 20

ABANDONED: Final = say("The program was stopped before the planning was over. Start it again.")
RUNNING, DONE, FAILED, USED = "running", "done", "failed", "used"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a search is: points of the best answer, no answer has fewer than `lower_bound`."""

    points: int = 0
    lower_bound: int = 0
    seconds: float = 0.0

    @property
    def gap_percent(self) -> float | None:
        """How far above the best there could be it is at most; None while nothing is proved."""
        return gap_percent(self.points, self.lower_bound)

    def to_json(self) -> dict[str, Any]:
        """JSON."""
        return {"points": self.points, "lower_bound": self.lower_bound, "seconds": round(self.seconds, 1)}


@dataclass(frozen=True, slots=True)
class Job:
    """A long solve as a page sees it.

    Args:
        status: running, done (the answer waits to be used), failed (`error` says why) or used.
        progress: None before the search has an answer.
        runner: which of its runs this is.
    """

    id: int
    kind: str
    status: str
    request: dict[str, Any]
    answer: dict[str, Any]
    progress: Progress | None
    error: str
    stopping: bool
    runner: str
    actor: str
    asked_at: datetime
    ended_at: datetime | None

    @property
    def running(self) -> bool:
        """Whether somebody works on it."""
        return self.status == RUNNING


def begun_before(unit: Unit, job_id: int, kind: str, asks: Callable[[dict[str, Any]], bool]) -> bool:
    """Whether a form was sent before: its number began a solve.

    Args:
        asks: whether that solve's request is what the form asks for now.
    Raises:
        StaleForm: the form asks for something else by now, as after the browser's Back.
    """
    row = unit.session.get(SolveJobRow, (unit.clinic.id, job_id))
    if row is None:
        return False
    if row.kind != kind or not asks(row.request):
        raise StaleForm(say("This form was sent before, with other entries. Look at them once more and send it again."))
    return True


def open_job(runtime: Runtime, actor: Actor, kind: str, request: dict[str, Any], job_id: int) -> Job | None:
    """Write down a solve that begins now, or as soon as a worker takes it up; None where `job_id` began one before.

    Raises:
        QueueFull: so many run already that one more would only slow down all.
    """
    with runtime.writing(actor) as unit:
        if unit.session.get(SolveJobRow, (unit.clinic.id, job_id)) is not None:
            return None
        _check_room(unit)
        row = SolveJobRow(
            clinic_id=unit.clinic.id, id=job_id, kind=kind, request=request, runner="",
            actor=actor.name, staff_id=actor.staff_id, asked_at=unit.now, beat_at=unit.now,
        )  # fmt: skip
        unit.session.add(row)
        _hand_over(runtime.queue, unit.session, row)
        unit.session.flush()
        return _job(row, unit.now)


def _hand_over(queue: Queue | None, session: Session, row: SolveJobRow) -> None:
    """Give a solve that nobody works on to a worker, or to the process it was asked of."""
    if queue is None:
        row.runner, row.tries_left = secrets.token_hex(8), 0
    else:
        row.runner, row.tries_left = "", row.tries_left or MOST_TRIES
        queue.defer(session, planning_job(row.clinic_id, row.id))


def take_up(runtime: Runtime, clinic_id: int, job_id: int) -> tuple[Actor, Job] | None:
    """Let this worker be the one that works on a solve, in the name of whoever asked for it; None: it is over.

    Whoever worked on it before is dead: the queue gives a job to one worker, and to another only then. If they live
    after all, their next sign of life tells them that it is somebody else's.
    """
    with runtime.writing(Actor.system(clinic_id)) as unit:
        row = unit.session.get(SolveJobRow, (clinic_id, job_id))
        if row is None or row.status != RUNNING:
            return None
        if not row.tries_left:
            row.status, row.error, row.ended_at = FAILED, ABANDONED, unit.now
            return None
        row.tries_left -= 1
        row.runner, row.beat_at = secrets.token_hex(8), unit.now
        staff = unit.get(StaffRow, row.staff_id) if row.staff_id is not None else None
        actor = actor_of(staff) if staff is not None else Actor.system(clinic_id)
        return replace(actor, name=row.actor), _job(row, unit.now)


def claim_again(runtime: Runtime, actor: Actor, job_id: int) -> Job:
    """Take a job that has ended or was abandoned for another run.

    Raises:
        InvalidInput: it is still running.
        QueueFull: too many others are.
        StaleForm: its answer is in the diary already.
    """
    with runtime.writing(actor) as unit:
        row = unit.get(SolveJobRow, job_id)
        if row.status == USED:
            raise StaleForm(say("This plan is in the diary already."))
        if _job(row, unit.now).running:
            raise InvalidInput(say("This is still being planned."), field="job")
        _check_room(unit)
        row.status, row.stop_asked, row.tries_left = RUNNING, False, 0
        row.progress, row.answer, row.error, row.ended_at = {}, {}, "", None
        row.beat_at = unit.now
        _hand_over(runtime.queue, unit.session, row)
        return _job(row, unit.now)


def _check_room(unit: Unit) -> None:
    running = select(func.count()).where(SolveJobRow.clinic_id == unit.clinic.id, is_running(unit.now))
    if (unit.session.scalar(running) or 0) >= MOST_AT_ONCE:
        raise QueueFull(
            say(
                "%(most)s plannings are running already. Wait until one is over, or stop one of them.",
                most=MOST_AT_ONCE,
            )
        )


def is_running(now: datetime) -> ColumnElement[bool]:
    """Somebody works on it, or a worker will take it up (again)."""
    row = SolveJobRow
    return and_(row.status == RUNNING, or_(row.beat_at >= now - LEASE, row.tries_left > 0))


def look(runtime: Runtime, actor: Actor, job_id: int) -> Job:
    """A job as it is now. Raises NotFound."""
    with runtime.reading(actor) as unit:
        return _job(unit.get(SolveJobRow, job_id), unit.now)


def unused(unit: Unit) -> list[Job]:
    """The plannings of the last days that run, wait to be used, or failed; the newest first (one query)."""
    row = SolveJobRow
    found = unit.session.scalars(
        select(row)
        .where(row.status != USED, row.asked_at > unit.now - SHOWN_FOR)
        .order_by(row.asked_at.desc(), row.id.desc())
        .limit(_MOST_SHOWN)
    )
    return [_job(each, unit.now) for each in found]


def ask_stop(runtime: Runtime, actor: Actor, job_id: int) -> None:
    """Let a search end with the best answer it has."""
    with runtime.writing(actor) as unit:
        unit.get(SolveJobRow, job_id).stop_asked = True


def beat(runtime: Runtime, actor: Actor, job: Job, progress: Progress | None) -> bool:
    """Show that the run lives, and how far it is. Gives False when it shall stop, or the job is somebody else's."""
    with runtime.writing(actor) as unit:
        mine = select(SolveJobRow).where(
            SolveJobRow.id == job.id, SolveJobRow.runner == job.runner, SolveJobRow.status == RUNNING
        )
        row = unit.session.scalar(mine)
        if row is None:
            return False
        row.beat_at = unit.now
        if progress is not None:
            row.progress = progress.to_json()
        return not row.stop_asked


def end(
    runtime: Runtime,
    actor: Actor,
    job: Job,
    *,
    answer: dict[str, Any] | None = None,
    error: str = "",
    progress: Progress | None = None,
) -> None:
    """Keep what a run came to, unless another run has taken the job over meanwhile."""
    values: dict[str, Any] = {"status": FAILED if answer is None else DONE, "answer": answer or {}, "error": error}
    if progress is not None:
        values["progress"] = progress.to_json()
    with runtime.writing(actor) as unit:
        unit.session.execute(
            update(SolveJobRow)
            .where(SolveJobRow.id == job.id, SolveJobRow.runner == job.runner, SolveJobRow.status == RUNNING)
            .values(**values, ended_at=unit.now)
        )


def use(unit: Unit, job_id: int, kind: str) -> Job:
    """Mark a job's answer as used, in the transaction that uses it: a plan goes into the diary once.

    Raises:
        StaleForm: it was used already.
        InvalidInput: it is not ready, or of another kind.
    """
    job = ready(unit, job_id, kind)
    row = unit.get(SolveJobRow, job_id)
    row.status, row.ended_at = USED, unit.now
    return job


def ready(unit: Unit, job_id: int, kind: str) -> Job:
    """A job whose answer can be used. Raises as `use` does."""
    row = unit.get(SolveJobRow, job_id)
    if row.status == USED:
        raise StaleForm(say("This plan is in the diary already."))
    if row.status != DONE or row.kind != kind:
        raise InvalidInput(say("There is no finished plan here."), field="job")
    return _job(row, unit.now)


def keep_outcome(unit: Unit, job_id: int, outcome: dict[str, Any]) -> None:
    """Put what was really done in the place of the plan, so that the job's page shows no date that was not kept."""
    unit.get(SolveJobRow, job_id).answer = outcome


def abandoned(runtime: Runtime) -> int:
    """Deal with every job whose process died, in all clinics; gives how many there were.

    One that workers may take up again waits in the queue already; if it got lost there, it is put back. Any other is
    marked as failed.
    """
    now = runtime.clock.now()
    dead = select(SolveJobRow).where(SolveJobRow.status == RUNNING, SolveJobRow.beat_at < now - LEASE)
    with runtime.database.reading(None) as session:
        if not any(_is_lost(runtime.queue, session, row) for row in session.scalars(dead)):
            return 0
    with runtime.database.writing(None) as session:
        lost = [row for row in session.scalars(dead) if _is_lost(runtime.queue, session, row)]
        for row in lost:
            if runtime.queue is not None and row.tries_left:
                row.beat_at = now
                _hand_over(runtime.queue, session, row)
            else:
                row.status, row.error, row.ended_at = FAILED, ABANDONED, now
        return len(lost)


def _is_lost(queue: Queue | None, session: Session, row: SolveJobRow) -> bool:
    """Whether nobody will go on with a job that gives no sign of life."""
    return queue is None or not row.tries_left or not queue.has(session, planning_job(row.clinic_id, row.id).lock)


def _job(row: SolveJobRow, now: datetime) -> Job:
    dead = row.status == RUNNING and not row.tries_left and row.beat_at < now - LEASE
    return Job(
        id=row.id,
        kind=row.kind,
        status=FAILED if dead else row.status,
        request=row.request,
        answer=row.answer,
        progress=Progress(**row.progress) if row.progress else None,
        error=ABANDONED if dead else row.error,
        stopping=row.stop_asked,
        runner=row.runner,
        actor=row.actor,
        asked_at=row.asked_at,
        ended_at=row.ended_at,
    )

"""A long planning: how far it is, Stop, what it would do, and the button that does it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from flask import flash, redirect, render_template, url_for

from planner.errors import InvalidInput, StaleForm
from planner.services import block_booking, leave, solve_jobs
from planner.services.block_view import BookedBlock
from planner.services.job_rows import Job, Progress
from planner.services.leave_view import LeaveLine, leave_desk
from planner.services.solve_jobs import Work
from planner.web.context import actor, runtime
from planner.web.formats import counted
from planner.web.reception.leave import recorded_words, span_words
from planner.web.reception.routes import CONFLICT, Page, is_htmx, reception


class _Kind(NamedTuple):
    """What the page needs of one kind of job: the work, the words, and what a finished plan shows."""

    work: Work
    title: Callable[[Job], str]
    plan: Callable[[Job], Any]
    apply: Callable[[Job], Page]


@reception.get("/jobs/<int:job_id>")
def job(job_id: int) -> Page:
    """The job as it is now; htmx asks for its part of the page once a second."""
    return _page(solve_jobs.look(runtime(), actor(), job_id))


@reception.post("/jobs/<int:job_id>/stop")
def stop_job(job_id: int) -> Page:
    """End the search with the best answer it has."""
    solve_jobs.ask_stop(runtime(), actor(), job_id)
    return redirect(url_for("reception.job", job_id=job_id))


@reception.post("/jobs/<int:job_id>/again")
def job_again(job_id: int) -> Page:
    """Plan anew, with the diary as it is now."""
    found = solve_jobs.look(runtime(), actor(), job_id)
    try:
        solve_jobs.start_again(runtime(), actor(), job_id, _KINDS[found.kind].work)
    except (InvalidInput, StaleForm) as refusal:
        return _page(solve_jobs.look(runtime(), actor(), job_id), refusal.message), CONFLICT
    return redirect(url_for("reception.job", job_id=job_id))


@reception.post("/jobs/<int:job_id>/apply")
def apply_job(job_id: int) -> Page:
    """Bring the diary to the plan, once."""
    found = solve_jobs.look(runtime(), actor(), job_id)
    try:
        return _KINDS[found.kind].apply(found)
    except (InvalidInput, StaleForm) as refusal:
        return _page(solve_jobs.look(runtime(), actor(), job_id), refusal.message), CONFLICT


def _page(found: Job, notice: str = "") -> str:
    kind = _KINDS[found.kind]
    desk = leave_desk(runtime(), actor())
    return render_template(
        "reception/_job.html" if is_htmx() else "reception/job.html",
        job=found,
        title=kind.title(found),
        plan=kind.plan(found) if found.status in ("done", "used") else None,
        percent=_percent(found),
        quality=_quality(found),
        desk=desk,
        notice=notice,
        back=url_for("reception.leave" if found.kind == leave.LEAVE_JOB else "reception.book_several"),
    )


def _percent(found: Job) -> int:
    """How much of its time a search has used."""
    wanted = found.request.get("seconds") or 1
    return min(100, round(100 * found.progress.seconds / wanted)) if found.progress else 0


def _quality(found: Job) -> str:
    """How good the dates are proved to be; empty before there is an answer, and where nothing was proved."""
    if "points" not in found.answer:
        return ""
    end = Progress(found.answer["points"], found.answer["lower_bound"])
    if end.points and not end.lower_bound:
        return ""
    if end.points == end.lower_bound:
        return "Proved: there are no better dates for all of them together."
    return f"Proved: at most {end.gap_percent:.1f} % from the best there could be."


def _leave_title(found: Job) -> str:
    staff_id, away = leave.leave_from_json(found.request)
    name = leave_desk(runtime(), actor()).name_of(staff_id)
    return f"{name} is away: {span_words(LeaveLine(0, name, away.starts, away.ends, ''))}"


def _record(found: Job) -> Page:
    plan = leave.apply_leave(runtime(), actor(), found.id)
    flash(recorded_words(plan), "warn" if plan.changed else "good")
    return redirect(url_for("reception.leave"))


def _book(found: Job) -> Page:
    block = block_booking.book_block(runtime(), actor(), found.id)
    home = url_for("reception.book_several")
    undo_url = url_for("courses.undo", revision_id=block.revision_id, next=home) if block.revision_id else ""
    words = {"text": _booked_words(block), "undo_url": undo_url, "undo_label": "Undo all of it"}
    flash(words, "warn" if block.changed or block.skipped else "good")  # type: ignore[arg-type]
    return redirect(url_for("reception.job", job_id=found.id))


def _booked_words(block: BookedBlock) -> str:
    said = [f"{counted(len(block.lines), 'course')} booked."]
    if block.changed:
        said.append(f"Some dates were taken meanwhile; other dates than shown: {', '.join(block.changed)}.")
    if block.skipped:
        said.append(f"Booked already by somebody else: {', '.join(block.skipped)}.")
    if block.to_place:
        said.append(f"{counted(block.to_place, 'session')} found no date and wait on the worklist.")
    return " ".join(said)


_KINDS: Final[Mapping[str, _Kind]] = MappingProxyType(
    {
        leave.LEAVE_JOB: _Kind(
            leave.think, _leave_title, lambda found: leave.planned_leave(runtime(), actor(), found), _record
        ),
        block_booking.BLOCK_JOB: _Kind(
            block_booking.think,
            lambda found: f"Dates for {counted(len(found.request['courses']), 'patient')}",
            lambda found: block_booking.planned_block(runtime(), actor(), found),
            _book,
        ),
    }
)

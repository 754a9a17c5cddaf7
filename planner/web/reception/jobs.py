"""A long planning: how far it is, Stop, what it would do, and the button that does it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from flask import flash, redirect, render_template, request, url_for

from planner.errors import InvalidInput, StaleForm
from planner.services import block_booking, leave, new_hours, replan_jobs, solve_jobs
from planner.services.block_view import BookedBlock
from planner.services.job_rows import Job, Progress
from planner.services.leave_view import LeaveLine, leave_desk
from planner.services.outcomes import JobOutcome, outcome_of
from planner.services.plannings import WORKS
from planner.services.replan import Replan
from planner.web.context import actor, runtime
from planner.web.reception.hours import HOURS_SET, hours_title
from planner.web.reception.hours_form import week_words
from planner.web.reception.leave import LEAVE_RECORDED, TICKS, span_words, ticked
from planner.web.reception.replans import tell_replan
from planner.web.reception.routes import CONFLICT, Page, is_htmx, reception
from planner.words import Text, decimal_said, listing, say, say_many


class _Words(NamedTuple):
    """What the page says of one kind of job.

    Args:
        lead: under its title.
        back: the page it came from, by endpoint and name.
        nothing: where no course is touched.
        until: what can be taken back until then.
        button: the one that does it, with how many courses change; None for a kind that shows dates and not changes.
        used: what stands in the diary then.
        undone: what stands when it was taken back.
    """

    lead: str
    back: tuple[str, str]
    nothing: str = ""
    until: str = ""
    button: Callable[[int], str] | None = None
    used: str = ""
    undone: str = say("The courses that were changed stand as before.")


class _Kind(NamedTuple):
    """What the page needs of one kind of job: the words, and what a finished plan shows."""

    words: _Words
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
        solve_jobs.start_again(runtime(), actor(), job_id, WORKS[found.kind])
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
    outcome = outcome_of(runtime(), actor(), found) if found.status == "used" else JobOutcome()
    return render_template(
        "reception/_job.html" if is_htmx() else "reception/job.html",
        job=found,
        title=kind.title(found),
        plan=kind.plan(found) if found.status in ("done", "used") and not outcome.undone else None,
        outcome=outcome,
        gap=_gap_words(found.progress) if found.progress else "",
        percent=_percent(found),
        quality=_quality(found),
        desk=desk,
        notice=notice,
        words=kind.words,
        # Of a leave each course is ticked; new hours leave no choice.
        ticks="apply" if found.kind == leave.LEAVE_JOB else "",
        all_ticked=leave.chosen_first(runtime(), actor()),
    )


def _percent(found: Job) -> int:
    """How much of its time a search has used."""
    wanted = found.request.get("seconds") or 1
    return min(100, round(100 * found.progress.seconds / wanted)) if found.progress else 0


def _quality(found: Job) -> str:
    """How good the dates are proved to be; empty before there is an answer."""
    if "points" not in found.answer:
        return ""
    percent = Progress(found.answer["points"], found.answer["lower_bound"]).gap_percent
    if percent is None:
        return say("How far this is from the best there could be was not proved.")
    if percent == 0:
        return say("Proved: there are no better dates for all of them together.")
    return say("Proved: at most %(percent)s %% above the best there could be.", percent=decimal_said(round(percent, 1)))


def _gap_words(progress: Progress) -> str:
    """How far a search is from the best at most."""
    percent = progress.gap_percent
    return (
        say("not known yet")
        if percent is None
        else say("at most %(percent)s %%", percent=decimal_said(round(percent, 1)))
    )


def title_of(found: Job) -> str:
    """What a planning is about."""
    return _KINDS[found.kind].title(found)


def _replan(found: Job) -> Replan:
    return replan_jobs.planned_by(runtime(), actor(), found)


def _leave_title(found: Job) -> str:
    away = leave.Absence.from_json(found.request)
    name = leave_desk(runtime(), actor()).name_of(away.staff_id)
    span = span_words(LeaveLine(0, name, away.leave.starts, away.leave.ends, ""))
    return say("%(name)s is away: %(when)s", name=name, when=span)


def _record_leave(found: Job) -> Page:
    only = ticked() if TICKS in request.form else None
    tell_replan(leave.apply_leave(runtime(), actor(), found.id, only=only), LEAVE_RECORDED)
    return redirect(url_for("reception.leave"))


def _hours_title(found: Job) -> str:
    week = new_hours.NewWeek.from_json(found.request)
    title = hours_title(leave_desk(runtime(), actor()).name_of(week.staff_id), week.first_day)
    return say("%(title)s: %(hours)s", title=title, hours=week_words(week.lines))


def _set_hours(found: Job) -> Page:
    tell_replan(new_hours.apply_hours(runtime(), actor(), found.id), HOURS_SET)
    return redirect(url_for("reception.hours"))


def _book(found: Job) -> Page:
    block = block_booking.book_block(runtime(), actor(), found.id)
    home = url_for("reception.book_several")
    undo_url = url_for("courses.undo", revision_id=block.revision_id, next=home) if block.revision_id else ""
    words = {"text": _booked_words(block), "undo_url": undo_url, "undo_label": say("Undo all of it")}
    flash(words, "warn" if block.changed or block.skipped else "good")  # type: ignore[arg-type]
    return redirect(url_for("reception.job", job_id=found.id))


def _booked_words(block: BookedBlock) -> Text:
    said = [say_many("%(num)s course booked.", "%(num)s courses booked.", len(block.lines))]
    if block.changed:
        names = listing(block.changed, ", ")
        said.append(say("Some dates were taken meanwhile; other dates than shown: %(names)s.", names=names))
    if block.skipped:
        said.append(say("Booked already by somebody else: %(names)s.", names=listing(block.skipped, ", ")))
    if block.to_place:
        said.append(
            say_many(
                "%(num)s session found no date and waits on the worklist.",
                "%(num)s sessions found no date and wait on the worklist.",
                block.to_place,
            )
        )
    return listing(said, " ")


_LEAVE_WORDS: Final = _Words(
    lead=say("Planned for the whole clinic together."),
    back=("reception.leave", say("Leave and illness")),
    nothing=say("No appointment lies in this time."),
    until=say("Until then the leave can be taken back with all it changed."),
    button=lambda num: say_many(
        "Record the leave and change %(num)s course", "Record the leave and change %(num)s courses", num
    ),
    used=say("The leave is in the diary, and the courses were changed with it."),
)
_HOURS_WORDS: Final = _Words(
    lead=say("Planned for the whole clinic together."),
    back=("reception.hours", say("Working hours")),
    nothing=say("No appointment lies outside of these hours."),
    until=say("Until then the hours can be taken back with all they changed."),
    button=lambda num: say_many(
        "Set the hours and change %(num)s course", "Set the hours and change %(num)s courses", num
    ),
    used=say("The hours are set, and the courses were changed with them."),
)
_BLOCK_WORDS: Final = _Words(
    lead=say("All courses are planned beside one another."),
    back=("reception.book_several", say("Book several patients")),
    undone=say("None of these courses is booked any more."),
)

_KINDS: Final[Mapping[str, _Kind]] = MappingProxyType(
    {
        leave.LEAVE_JOB: _Kind(_LEAVE_WORDS, _leave_title, _replan, _record_leave),
        new_hours.HOURS_JOB: _Kind(_HOURS_WORDS, _hours_title, _replan, _set_hours),
        block_booking.BLOCK_JOB: _Kind(
            _BLOCK_WORDS,
            lambda found: say_many(
                "Dates for %(num)s patient", "Dates for %(num)s patients", len(found.request["courses"])
            ),
            lambda found: block_booking.planned_block(runtime(), actor(), found),
            _book,
        ),
    }
)

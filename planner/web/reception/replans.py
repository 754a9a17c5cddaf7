"""What was done to many courses at once, in the words at the top of the next page."""

from __future__ import annotations

from flask import flash

from planner.services.replan import Replan
from planner.web.formats import counted


def replan_words(plan: Replan, done: str) -> str:
    """What was done.

    Args:
        done: the first sentence, such as "The leave is recorded."
    """
    if not plan.courses:
        return f"{done} No appointment is touched."
    unplaced = sum(course.unplaced for course in plan.courses)
    waits = f" {counted(unplaced, 'session')} found no date and wait on the worklist." if unplaced else ""
    others = f" The diary had changed; other dates than shown: {', '.join(plan.changed)}." if plan.changed else ""
    return f"{done} {counted(len(plan.courses), 'course')} planned anew.{waits}{others}"


def tell_replan(plan: Replan, done: str) -> None:
    """Say it on the next page."""
    flash(replan_words(plan, done), "warn" if plan.changed else "good")

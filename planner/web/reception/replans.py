"""What was done to many courses at once, in the words at the top of the next page."""

from __future__ import annotations

from flask import flash

from planner.services.replan import Replan
from planner.words import Text, listing, say, say_many


def replan_words(plan: Replan, done: str) -> Text:
    """What was done.

    Args:
        done: the first sentence, such as "The leave is recorded."
    """
    if not plan.courses:
        words = say("%(done)s No appointment is touched.", done=done)
    else:
        words = say_many(
            "%(done)s %(num)s course planned anew.", "%(done)s %(num)s courses planned anew.",
            len(plan.courses), done=done,
        )  # fmt: skip
    unplaced = sum(course.unplaced for course in plan.courses)
    if unplaced:
        words = say_many(
            "%(said)s %(num)s session found no date and waits on the worklist.",
            "%(said)s %(num)s sessions found no date and wait on the worklist.",
            unplaced, said=words,
        )  # fmt: skip
    if plan.left:
        words = say_many(
            "%(said)s %(num)s visit stays where it is and waits on the worklist.",
            "%(said)s %(num)s visits stay where they are and wait on the worklist.",
            plan.left, said=words,
        )  # fmt: skip
    if plan.changed:
        names = listing(plan.changed, ", ")
        words = say("%(said)s The diary had changed; other dates than shown: %(names)s.", said=words, names=names)
    return words


def tell_replan(plan: Replan, done: str) -> None:
    """Say it on the next page."""
    flash(replan_words(plan, done), "warn" if plan.changed else "good")

"""The older changes of a course, page by page."""

from __future__ import annotations

from flask import render_template, request

from planner.services.course_history import older_changes
from planner.web.context import actor, runtime
from planner.web.courses.routes import Page, courses
from planner.web.numbers import row_id


@courses.get("/courses/<int:course_id>/history")
def older(course_id: int) -> Page:
    """The changes before the one numbered ?before=21; the newest without it."""
    changes = older_changes(runtime(), actor(), course_id, row_id(request.args.get("before", "")))
    return render_template("courses/history.html", changes=changes)

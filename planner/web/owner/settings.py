"""The page "Clinic": everything that can be set, each with what is set now and its link."""

from __future__ import annotations

from flask import render_template

from planner.languages import LANGUAGES
from planner.services.settings_view import settings_of
from planner.web.context import actor, runtime
from planner.web.owner.routes import Page, owner


@owner.get("/settings")
def settings() -> Page:
    """The hub of all settings."""
    return render_template("owner/settings.html", view=settings_of(runtime(), actor()), languages=LANGUAGES)

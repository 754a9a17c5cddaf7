"""Links to pages that not everybody may open."""

from typing import Any

from flask import current_app, url_for

from planner.web.access import ACCESS, may
from planner.web.context import actor


def link_to(endpoint: str, **values: Any) -> str:
    """The address of a page if the signed-in person may open it; empty if not, so that no link leads to a refusal."""
    if endpoint not in current_app.view_functions or not may(actor(), ACCESS[endpoint]):
        return ""
    return url_for(endpoint, **values)

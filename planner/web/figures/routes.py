"""The blueprint of the figures' pages: the months, how well estimates hold, everything as files."""

from flask import Blueprint, Response, render_template, send_file

from planner.services.calibration import MOST_COURSES, calibration
from planner.services.dashboard import dashboard
from planner.services.export import export
from planner.web.context import actor, runtime
from planner.web.figures.pictures import calibration_chart, days_words, month_charts, month_name, percent, signed
from planner.web.protocols import protocol_words

figures = Blueprint("figures", __name__, url_prefix="/figures")


@figures.get("", endpoint="dashboard")
def months() -> str:
    """The last twelve months, as pictures and as numbers."""
    found = dashboard(runtime(), actor())
    words = {"month_name": month_name, "days_words": days_words, "percent": percent}
    return render_template("figures/dashboard.html", found=found, charts=month_charts(found), **words)


@figures.get("/estimates", endpoint="calibration")
def estimates() -> str:
    """Estimated against given sessions of the courses that ended."""
    found = calibration(runtime(), actor())
    chart = calibration_chart(found) if found else None
    words = {"protocol_words": protocol_words, "percent": percent, "signed": signed}
    return render_template("figures/calibration.html", found=found, chart=chart, most=MOST_COURSES, **words)


@figures.post("/export", endpoint="export")
def files() -> Response:
    """Every table as a CSV file, in one archive."""
    name = f"clinic-{runtime().clock.now():%Y-%m-%d}.zip"
    answer = send_file(export(runtime(), actor()), mimetype="application/zip", as_attachment=True, download_name=name)
    # All that is known of all patients stays in no cache.
    answer.headers["Cache-Control"] = "no-store"
    return answer

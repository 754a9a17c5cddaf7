"""The plan elsewhere: in the patient's own calendar, as a file, on paper."""

from flask import Response, redirect, render_template, request, session, url_for

from planner.errors import InvalidInput
from planner.services import feeds, patient_plan
from planner.services.plan_pdf import plan_pdf
from planner.web.context import actor, runtime
from planner.web.patient.routes import Page, home, patient, plan_page
from planner.web.subscribing import subscribing


@patient.get("/calendar")
def calendar(token: str) -> Page:
    """The plan in the patient's own calendar."""
    seen = patient_plan.plan_of(runtime(), actor())
    address = session.get(_address_key())
    shown = isinstance(address, str) and feeds.is_in_use(runtime(), actor(), address)
    ways = subscribing(str(address), seen.clinic.name, request.headers.get("User-Agent", "")) if shown else None
    return render_template("patient/calendar.html", plan=seen, token=token, ways=ways, home_url=home(token))


@patient.post("/calendar")
def new_calendar(token: str) -> Page:
    """Make the calendar's address; it stays in this browser alone, since the server keeps only its hash."""
    session[_address_key()] = feeds.create_feed(runtime(), actor(), patient_id=actor().patient_id)
    return redirect(url_for("patient.calendar", token=token))


@patient.get("/plan.ics")
def download(token: str) -> Page | Response:
    """The visits to come as a file to open once."""
    try:
        data = patient_plan.plan_file(runtime(), actor())
    except InvalidInput as refusal:
        return plan_page(token, refusal)
    headers = {"Content-Disposition": 'attachment; filename="appointments.ics"'}
    return Response(data, headers=headers, content_type="text/calendar; charset=utf-8")


@patient.get("/plan.pdf")
def printed(token: str) -> Response:
    """The plan to print, with a code that leads back here."""
    seen = patient_plan.plan_of(runtime(), actor())
    pdf = plan_pdf(seen, runtime().base_url.rstrip("/") + home(token), seen.language)
    headers = {"Content-Disposition": 'inline; filename="plan.pdf"'}
    return Response(pdf, headers=headers, content_type="application/pdf")


def _address_key() -> str:
    """Where this browser keeps the address of this patient's calendar."""
    return f"calendar-{actor().patient_id}"

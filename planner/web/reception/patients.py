"""Patients at reception: found by a few letters, added with likely duplicates noticed, changed, given their link."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from flask import flash, redirect, render_template, request, url_for

from planner.errors import InvalidInput, StaleForm
from planner.languages import LANGUAGES
from planner.services import patient_links
from planner.services import patients as service
from planner.services.patient_view import patient_view, search, show_link
from planner.services.patients import Patient, PatientDetails
from planner.web.context import actor, runtime
from planner.web.links import link_to
from planner.web.protocols import protocol_words
from planner.web.public_form import zones
from planner.web.reception.routes import CONFLICT, UNPROCESSABLE, Errors, Page, errors_of, is_htmx, reception
from planner.words import say


@reception.get("/patients")
def patients() -> Page:
    """Search by `?q=`; htmx asks for the lines alone while the person types."""
    found = search(runtime(), actor(), request.args.get("q", ""))
    template = "reception/_found.html" if is_htmx() else "reception/patients.html"
    urls = {"several_url": link_to("reception.book_several"), "take_over_url": link_to("take_over.show")}
    return render_template(template, found=found, most=service.MOST_FOUND, **urls)


@reception.route("/patients/new", methods=["GET", "POST"])
def new_patient() -> Page:
    """Add a patient; who may be the same person is shown first."""
    if request.method == "GET":
        return _form_page({"name": request.args.get("name", "")})
    try:
        details = _details(request.form)
    except InvalidInput as refusal:
        return _form_page(request.form, errors_of(refusal)), UNPROCESSABLE
    same = service.duplicates_of(runtime(), actor(), details)
    if same and not request.form.get("anyway"):
        return _form_page(request.form, same=same), CONFLICT
    patient_id = service.add(runtime(), actor(), details)
    flash(say("%(name)s is added.", name=details.name), "good")
    return redirect(url_for("reception.patient", patient_id=patient_id))


@reception.get("/patients/<int:patient_id>")
def patient(patient_id: int) -> Page:
    """Everything about one patient."""
    return _patient_page(patient_id)


@reception.route("/patients/<int:patient_id>/edit", methods=["GET", "POST"])
def edit_patient(patient_id: int) -> Page:
    """Change a patient's details."""
    known = service.get(runtime(), actor(), patient_id)
    if request.method == "GET":
        return _form_page(_as_form(known), known=known)
    try:
        details = _details(request.form, known)
        version = request.form.get("version", -1, type=int)
        service.update(runtime(), actor(), patient_id, details, version=version)
    except InvalidInput as refusal:
        return _form_page(request.form, errors_of(refusal), known=known), UNPROCESSABLE
    except StaleForm:
        now = service.get(runtime(), actor(), patient_id)
        return _form_page(request.form, known=now, stale=True), CONFLICT
    flash(say("The details are saved."), "good")
    return redirect(url_for("reception.patient", patient_id=patient_id))


@reception.post("/patients/<int:patient_id>/link")
def link(patient_id: int) -> Page:
    """Show the patient's personal link; with `new`, make one first, which ends the old one."""
    if request.form.get("new"):
        address = service.new_link(runtime(), actor(), patient_id)
    else:
        address = show_link(runtime(), actor(), patient_id)
    # Not by a redirect: the address would have to pass through the browser's cookie.
    return _patient_page(patient_id, link=address, renewed=bool(request.form.get("new")))


@reception.post("/patients/<int:patient_id>/link/end")
def end_link(patient_id: int) -> Page:
    """End all links of the patient; the next message brings a new one."""
    patient_links.end_link(runtime(), actor(), patient_id)
    flash(say("No link of this patient works any more. The next message brings a new one."), "good")
    return redirect(url_for("reception.patient", patient_id=patient_id, _anchor="link"))


def _patient_page(patient_id: int, *, link: str = "", renewed: bool = False) -> str:
    view = patient_view(runtime(), actor(), patient_id)
    return render_template(
        "reception/patient.html",
        view=view,
        link=link,
        renewed=renewed,
        assess_url=link_to("therapist.assess", patient_id=patient_id),
        privacy_url=link_to("owner.privacy_person", patient_id=patient_id),
        assessment_links={each.id: link_to("therapist.assessment", assessment_id=each.id) for each in view.assessments},
        protocol_words=protocol_words,
    )


def _form_page(
    form: Mapping[str, str],
    errors: Errors | None = None,
    *,
    same: object = (),
    known: Patient | None = None,
    stale: bool = False,
) -> str:
    return render_template(
        "reception/patient_form.html",
        form=form,
        errors=errors or {},
        same=same,
        known=known,
        stale=stale,
        zones=zones(),
        languages=LANGUAGES,
    )


def _details(form: Mapping[str, str], known: Patient | None = None) -> PatientDetails:
    """Read the form. Raises InvalidInput naming the field."""
    return PatientDetails(
        name=form.get("name", ""),
        email=form.get("email", ""),
        phone=form.get("phone", ""),
        birth_date=read_birth_date(form.get("birth_date", "").strip()),
        timezone=form.get("timezone") or None,
        language=form.get("language") or (known.details.language if known else ""),
        notes=form.get("notes", "").strip(),
        contact=form.get("contact") or "feed",
    )


def read_birth_date(text: str) -> date | None:
    """A birth date as typed, None for none. Raises InvalidInput."""
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise InvalidInput(
            say("“%(text)s” is no date; write it like 1980-05-24.", text=text), field="birth_date"
        ) from None
    if not date(1880, 1, 1) <= day <= runtime().clock.now().date():
        raise InvalidInput(say("Nobody alive was born on that day."), field="birth_date")
    return day


def _as_form(known: Patient) -> dict[str, str]:
    details = known.details
    return {
        "name": details.name,
        "email": details.email,
        "phone": details.phone,
        "birth_date": details.birth_date.isoformat() if details.birth_date else "",
        "timezone": details.timezone or "",
        "language": details.language,
        "notes": details.notes,
        "contact": details.contact,
    }

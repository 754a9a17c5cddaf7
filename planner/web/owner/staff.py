"""People and roles: taking somebody on, changing what they may do, letting them go, and how they sign in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from flask import flash, redirect, render_template, request, url_for

from planner.errors import InvalidInput, StaleForm
from planner.languages import LANGUAGES
from planner.services import staff_desk
from planner.services.account_letters import sends_mail
from planner.services.staff_desk import Handed, PersonDetails, StaffMember
from planner.web.context import actor, runtime
from planner.web.errors import status_of
from planner.web.overtaken import overtaken
from planner.web.owner.routes import CONFLICT, UNPROCESSABLE, Errors, Page, errors_of, owner
from planner.words import say

ROLE_CHOICES: Final = (
    ("reception", say("Reception"), say("Books, moves and cancels for everybody.")),
    ("therapist", say("Therapist"), say("Assesses, sees their own day and all courses.")),
    ("manager", say("Manager"), say("All of that, and the settings of the clinic.")),
)
ROLE_WORDS: Final = {value: words for value, words, _ in ROLE_CHOICES}
_NAMES: Final[Mapping[str, Mapping[str, str]]] = {
    "role": ROLE_WORDS,
    "treats": {"1": say("Yes"), "": say("No")},
    "language": {"": say("The clinic's language"), **LANGUAGES},
}


@owner.route("/settings/staff", methods=["GET", "POST"])
def staff() -> Page:
    """List everybody, or take somebody on, who chooses a password by a link."""
    if request.method == "GET":
        return _list({"role": "therapist", "treats": "1"})
    try:
        handed = staff_desk.take_on(runtime(), actor(), _details(request.form), request.form.get("password", ""))
    except InvalidInput as refusal:
        return _list(request.form, errors_of(refusal)), UNPROCESSABLE
    return _hand_over(handed)


@owner.route("/settings/staff/<int:staff_id>", methods=["GET", "POST"])
def person(staff_id: int) -> Page:
    """Show one person, or change what they may do."""
    member = staff_desk.person(runtime(), actor(), staff_id)
    if request.method == "GET":
        return _person(member, _fields(member.details))
    form = request.form
    try:
        seen, password = form.get("seen", ""), form.get("password", "")
        staff_desk.change(runtime(), actor(), staff_id, _details(form), seen=seen, password=password)
    except StaleForm:
        now = {"treats": "", **_fields(member.details)}
        return _person(member, *overtaken(form, now, member.seen, _NAMES)), CONFLICT
    except InvalidInput as refusal:
        return _person(member, form, errors_of(refusal)), UNPROCESSABLE
    flash(say("Kept."), "good")
    return redirect(url_for("owner.staff"))


@owner.post("/settings/staff/<int:staff_id>/let-go")
def let_go(staff_id: int) -> Page:
    """End somebody's access."""
    try:
        staff_desk.let_go(runtime(), actor(), staff_id)
    except InvalidInput as refusal:
        member = staff_desk.person(runtime(), actor(), staff_id)
        return _person(member, _fields(member.details), {"": refusal.message}), status_of(refusal)
    flash(say("They are signed out everywhere and can't sign in any more. Their history stays."), "good")
    return redirect(url_for("owner.staff"))


@owner.post("/settings/staff/<int:staff_id>/take-back")
def take_back(staff_id: int) -> Page:
    """Let somebody in again who had left."""
    try:
        return _hand_over(staff_desk.take_back(runtime(), actor(), staff_id, request.form.get("confirm", "")))
    except InvalidInput as refusal:
        member = staff_desk.person(runtime(), actor(), staff_id)
        return _person(member, _fields(member.details), errors_of(refusal)), UNPROCESSABLE


@owner.post("/settings/staff/<int:staff_id>/link")
def account_link(staff_id: int) -> Page:
    """Let somebody choose a new password."""
    try:
        return _hand_over(staff_desk.new_link(runtime(), actor(), staff_id, request.form.get("confirm", "")))
    except InvalidInput as refusal:
        member = staff_desk.person(runtime(), actor(), staff_id)
        return _person(member, _fields(member.details), _about_signing_in(refusal)), UNPROCESSABLE


@owner.post("/settings/staff/<int:staff_id>/factors")
def reset_factors(staff_id: int) -> Page:
    """Take the second factors from somebody who lost them."""
    try:
        staff_desk.reset_factors(runtime(), actor(), staff_id, request.form.get("confirm", ""))
    except InvalidInput as refusal:
        member = staff_desk.person(runtime(), actor(), staff_id)
        return _person(member, _fields(member.details), _about_signing_in(refusal)), UNPROCESSABLE
    flash(say("Their second factor is taken away, and they are signed out everywhere."), "good")
    return redirect(url_for("owner.person", staff_id=staff_id))


@owner.route("/account/language", methods=["GET", "POST"])
def my_language() -> Page:
    """What the signed-in person reads."""
    if request.method == "POST":
        chosen = request.form.get("language", "")
        try:
            staff_desk.choose_language(runtime(), actor(), chosen or None)
        except InvalidInput as refusal:
            return _my_language(chosen, errors_of(refusal)), UNPROCESSABLE
        flash(say("Kept."), "good")
        return redirect(url_for("owner.my_language"))
    member = staff_desk.person(runtime(), actor(), actor().staff_id or 0)
    return _my_language(member.details.language or "")


def _my_language(chosen: str, errors: Errors | None = None) -> str:
    choices = (("", say("The clinic's language")), *LANGUAGES.items())
    return render_template("owner/my_language.html", choices=choices, chosen=chosen, errors=errors or {})


def _list(form: Mapping[str, str], errors: Errors | None = None) -> str:
    everybody = staff_desk.people(runtime(), actor())
    return render_template(
        "owner/staff.html",
        people=[each for each in everybody if each.active],
        gone=[each for each in everybody if not each.active],
        by_mail=sends_mail(runtime()),
        role_words=ROLE_WORDS,
        **_form(form, errors),
    )


def _person(member: StaffMember, form: Mapping[str, str], errors: Errors | None = None) -> str:
    myself = member.id == actor().staff_id
    return render_template(
        "owner/person.html",
        member=member,
        myself=myself,
        by_mail=sends_mail(runtime()),
        role_words=ROLE_WORDS,
        **_form(form, errors),
    )


def _about_signing_in(refusal: InvalidInput) -> Errors:
    """At the field for the password where that was wrong; all else is about the person."""
    return {refusal.field if refusal.field == "confirm" else "": refusal.message}


def _form(form: Mapping[str, str], errors: Errors | None) -> dict[str, object]:
    languages = (("", say("The clinic's language")), *LANGUAGES.items())
    return {"form": form, "errors": errors or {}, "roles": ROLE_CHOICES, "languages": languages}


def _hand_over(handed: Handed) -> Page:
    if not handed.link:
        flash(say("A link to choose a password is on its way to %(email)s.", email=handed.email), "good")
        return redirect(url_for("owner.staff"))
    # Never kept for a page that follows: it would lie about in a cookie.
    return render_template("owner/handed.html", handed=handed)


def _details(form: Mapping[str, str]) -> PersonDetails:
    return PersonDetails(
        name=form.get("name", ""),
        email=form.get("email", ""),
        role=form.get("role", ""),
        treats="treats" in form,
        language=form.get("language") or None,
    )


def _fields(details: PersonDetails) -> dict[str, str]:
    return {
        "name": details.name,
        "email": details.email,
        "role": details.role,
        "language": details.language or "",
        **({"treats": "1"} if details.treats else {}),
    }

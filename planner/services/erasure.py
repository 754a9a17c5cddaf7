"""Erase a person: what is known of them goes, what was given stays as times without a name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, String, cast, delete, func, or_, select

from planner.errors import InvalidInput
from planner.notify.outtray import OuttrayMailer
from planner.services.attendance import end_course_in
from planner.services.clinic_setup import manage
from planner.services.person_rows import delete_rows_about
from planner.services.runtime import Actor, Runtime, Unit
from planner.services.snapshot import wishes_of
from planner.services.wishes import Wishes
from planner.storage.courses import AppointmentRow, AssessmentRow, CourseRow, RevisionRow
from planner.storage.jobs import SolveJobRow
from planner.storage.outward import FeedRow, OutboxRow
from planner.storage.people import PatientRow
from planner.storage.progress import AdviceDecisionRow, NoteRow, OutcomeRow
from planner.words import say, say_many

OPEN: Final = ("planned", "active", "onhold")
AHEAD: Final = ("pending", "booked", "arrived", "checked-in")
# Their rows stay without words; those of every other table that leads to the person go.
STAYS: Final = frozenset(
    {"patient", "assessment", "course", "session", "appointment", "revision", "advice_decision", "feed", "audit_line"}
)
# Without these an assessment can't be read; they say what kind of complaint a course was for, not whose.
_KEPT_FINDINGS: Final = ("protocol", "symptom_weeks", "severity", "goal")


@dataclass(frozen=True, slots=True)
class Erasing:
    """What would happen.

    Args:
        ahead: visits that are booked and still to come; the first of them at `next_visit`.
        last_visit: the last that took place; None where there was none.
        kept: visits whose times stay, without a name.
    """

    patient_id: int
    name: str
    erased_at: datetime | None
    ahead: int
    next_visit: datetime | None
    last_visit: datetime | None
    kept: int
    notes: int
    outcomes: int
    messages: int
    zone: str
    keep_years: int


def look(runtime: Runtime, actor: Actor, patient_id: int) -> Erasing:
    """What erasing a person would do (six questions to the database).

    Raises:
        NotFound: there is no such patient here.
        NotAllowed: by somebody who does not manage the clinic.
    """
    with runtime.reading(actor) as unit:
        manage(unit)
        row = unit.get(PatientRow, patient_id)
        visits = AppointmentRow.patient_id == patient_id
        ahead = visits & _is_ahead(unit)
        done = visits & (AppointmentRow.status == "fulfilled")
        return Erasing(
            patient_id=patient_id,
            name=row.name,
            erased_at=row.erased_at,
            ahead=_count(unit, AppointmentRow, ahead),
            next_visit=unit.session.scalar(select(func.min(AppointmentRow.starts_at)).where(ahead)),
            last_visit=unit.session.scalar(select(func.max(AppointmentRow.starts_at)).where(done)),
            kept=_count(unit, AppointmentRow, done),
            notes=_count(unit, NoteRow, NoteRow.course_id.in_(_courses(unit, patient_id))),
            outcomes=_count(unit, OutcomeRow, OutcomeRow.patient_id == patient_id),
            messages=_count(unit, OutboxRow, OutboxRow.patient_id == patient_id),
            zone=unit.clinic.timezone,
            keep_years=unit.clinic.keep_years,
        )


def erase(runtime: Runtime, actor: Actor, patient_id: int, *, cancel_visits: bool = False) -> None:
    """Erase a person, all or nothing.

    Args:
        cancel_visits: call off what is still ahead; nobody is written to about it.
    Raises:
        InvalidInput: visits are ahead and not to be called off, or the person is erased already.
        NotFound: there is no such patient here.
        NotAllowed: by somebody who does not manage the clinic.
    """
    with runtime.writing(actor) as unit:
        address = erase_in(unit, patient_id, cancel_visits=cancel_visits)
    # After the commit: a file can't be put back.
    if isinstance(runtime.mailer, OuttrayMailer) and address:
        runtime.mailer.forget(address)


def erase_in(unit: Unit, patient_id: int, *, cancel_visits: bool) -> str:
    """`erase` as a part of a larger transaction; gives the e-mail address that was known."""
    manage(unit)
    row = unit.get(PatientRow, patient_id)
    if row.erased_at is not None:
        raise InvalidInput(say("This person is erased already."), field="patient")
    ahead = _count(unit, AppointmentRow, (AppointmentRow.patient_id == patient_id) & _is_ahead(unit))
    if ahead and not cancel_visits:
        words = say_many("%(num)s visit is still ahead.", "%(num)s visits are still ahead.", ahead)
        raise InvalidInput(
            say("%(visits)s Call off what is ahead in the same step, or wait.", visits=words), field="cancel_visits"
        )
    courses = unit.session.scalars(select(CourseRow).where(CourseRow.patient_id == patient_id)).all()
    for course in courses:
        if course.status in OPEN:
            end_course_in(unit, course.id, reason=say("the person’s data are erased"))
    unit.session.flush()
    _forget_words(unit, patient_id, courses)
    _delete_rows(unit, patient_id, courses)
    for feed in unit.session.scalars(select(FeedRow).where(FeedRow.patient_id == patient_id)):
        feed.revoked_at = feed.revoked_at or unit.now
        feed.fetched_by = ""
    unit.audit("patient.erase", f"patient/{patient_id}", visits=ahead)
    address = row.email
    _become_nobody(unit, row)
    return address


def nobodys_name(patient_id: int) -> str:
    """What stands in place of a name, the same in all languages; the digits tell two of them apart."""
    return f"N. N. {patient_id % 10_000:04d}"


def _become_nobody(unit: Unit, row: PatientRow) -> None:
    row.name, row.search_name = nobodys_name(row.id), ""
    row.email = row.phone = row.notes = ""
    row.birth_date = row.timezone = row.link_hash = None
    row.language, row.contact, row.wants_earlier = unit.clinic.language, "feed", False
    # The address of the old link must not come back, whoever asks for one.
    row.link_generation += 1
    row.erased_at = unit.now


def _forget_words(unit: Unit, patient_id: int, courses: Sequence[CourseRow]) -> None:
    """What was found, wished and said, in rows that stay because figures and histories count them."""
    for assessment in unit.session.scalars(select(AssessmentRow).where(AssessmentRow.patient_id == patient_id)):
        assessment.findings = {name: assessment.findings[name] for name in _KEPT_FINDINGS}
        assessment.estimate = {**assessment.estimate, "reasons": []}
        assessment.overrides = {**assessment.overrides, "reason": ""} if assessment.overrides else {}
        assessment.notes = ""
    for course in courses:
        course.wishes = Wishes(tuple(course.wishes["practitioners"])).to_json()
        course.wish_note = ""
    left = {course.id: wishes_of(course) for course in courses}
    for revision in unit.session.scalars(select(RevisionRow).where(RevisionRow.course_id.in_(left))):
        revision.reason = ""
        wishes = left[revision.course_id]
        revision.before = _with_wishes(revision.before, wishes)
        revision.after = _with_wishes(revision.after, wishes)
        # Nothing of it may be undone: that would book somebody who is not there any more.
        revision.told_at = revision.told_at or unit.now
    for decision in unit.session.scalars(select(AdviceDecisionRow).where(AdviceDecisionRow.course_id.in_(left))):
        decision.reason = ""


def _with_wishes(snapshot: dict[str, Any], wishes: dict[str, Any]) -> dict[str, Any]:
    """The same moment of the course with nothing of what the person wished but these."""
    away: dict[str, Any] = {"away": []} if snapshot.get("away") else {}
    return {**snapshot, **away, **({"wishes": wishes} if "wishes" in snapshot else {})}


def _delete_rows(unit: Unit, patient_id: int, courses: Sequence[CourseRow]) -> None:
    """All that no figure counts; plans too that were made for them and are not used yet."""
    delete_rows_about(unit, patient_id, STAYS)
    names = [str(patient_id), *(str(course.id) for course in courses)]
    jobs = or_(*(_mentions(column, name) for name in names for column in (SolveJobRow.request, SolveJobRow.answer)))
    unit.session.execute(delete(SolveJobRow).where(jobs), execution_options={"synchronize_session": False})


def _mentions(column: Any, name: str) -> ColumnElement[bool]:
    return cast(column, String).contains(name)


def _is_ahead(unit: Unit) -> ColumnElement[bool]:
    return AppointmentRow.status.in_(AHEAD) & (AppointmentRow.ends_at > unit.now)


def _courses(unit: Unit, patient_id: int) -> Any:
    return select(CourseRow.id).where(CourseRow.clinic_id == unit.clinic.id, CourseRow.patient_id == patient_id)


def _count(unit: Unit, row: type[Any], where: ColumnElement[bool]) -> int:
    return unit.session.scalar(select(func.count()).select_from(row).where(where)) or 0

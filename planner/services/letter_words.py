"""A clinic's own opening and closing words of each kind of letter, in each language, and how a letter would look."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Final

from sqlalchemy import select

from planner.config import template_folder
from planner.errors import InvalidInput, NotFound
from planner.languages import LANGUAGES, spoken
from planner.notify.letters import (
    ChangeReason,
    CourseBooked,
    CourseChanged,
    Invited,
    Letter,
    Moved,
    Reminder,
    SlotOffered,
)
from planner.notify.render import MailTemplates, Rendered
from planner.notify.visit import Letterhead, OwnWords, Visit
from planner.services import clinic_setup
from planner.services.runtime import Actor, Runtime, Unit
from planner.services.seen import must_be_as_seen, seen_of
from planner.storage.people import ClinicRow, RoomRow, StaffRow
from planner.words import Text, say

KINDS: Final[Mapping[str, Text]] = {
    "course_booked": say("A course is booked"),
    "course_changed": say("A course has changed"),
    "reminder": say("Reminder"),
    "slot_offered": say("A place is offered"),
    "invitation": say("Invitation of a calendar"),
}
LENGTH_MAX: Final = 600


@dataclass(frozen=True, slots=True)
class LetterDesk:
    """The words of one kind of letter in one language.

    Args:
        changed: (kind, language) of all letters with words of the clinic's own.
    """

    kind: str
    language: str
    own: OwnWords
    changed: frozenset[tuple[str, str]]
    seen: str


def own_words(clinic: ClinicRow, language: str) -> dict[str, OwnWords]:
    """The clinic's own words in a language, by the kind of letter."""
    known = spoken(language)
    return {
        kind: OwnWords(**languages[known]) for kind, languages in clinic.letter_words.items() if languages.get(known)
    }


def letter_desk(runtime: Runtime, actor: Actor, kind: str, language: str) -> LetterDesk:
    """What the page shows. Raises NotFound where there is no such letter."""
    _known(kind, language)
    with runtime.reading(actor) as unit:
        own = own_words(unit.clinic, language).get(kind, OwnWords())
        changed = {(each, spoken) for each, words in unit.clinic.letter_words.items() for spoken in words}
        return LetterDesk(kind, language, own, frozenset(changed), seen_of(asdict(own)))


def keep_words(runtime: Runtime, actor: Actor, kind: str, language: str, words: OwnWords, *, seen: str) -> None:
    """Keep the clinic's own words; letters that go out from now on have them.

    Raises:
        InvalidInput: they are too long, or have characters that can't be shown; `field` is opening or closing.
        StaleForm: somebody changed them meanwhile.
        NotFound: there is no such letter.
    """
    _known(kind, language)
    fresh = checked(words)
    with runtime.writing(actor) as unit:
        clinic_setup.manage(unit)
        before = own_words(unit.clinic, language).get(kind, OwnWords())
        must_be_as_seen(seen, asdict(before))
        languages = {key: value for key, value in unit.clinic.letter_words.get(kind, {}).items() if key != language}
        if fresh != OwnWords():
            languages[language] = asdict(fresh)
        others = {key: value for key, value in unit.clinic.letter_words.items() if key != kind}
        unit.clinic.letter_words = {**others, kind: languages} if languages else others
        unit.audit("change letter", f"letter/{kind}/{language}")


def sample(runtime: Runtime, actor: Actor, kind: str, language: str, words: OwnWords) -> Rendered:
    """A letter of this clinic as it would look, to a patient called Ana.

    Raises:
        InvalidInput: see `keep_words`.
        NotFound: there is no such letter.
    """
    _known(kind, language)
    with runtime.reading(actor) as unit:
        letter = _letter(unit, kind, language, checked(words), f"{runtime.base_url.rstrip('/')}/p/…")
    return _templates().render(letter)


def checked(words: OwnWords) -> OwnWords:
    """The words as they are kept: without blanks about them.

    Raises:
        InvalidInput: see `keep_words`.
    """
    return OwnWords(_checked(words.opening, "opening"), _checked(words.closing, "closing"))


def _checked(text: str, field: str) -> str:
    lines = [line.strip() for line in text.strip().splitlines()]
    if sum(map(len, lines)) > LENGTH_MAX:
        raise InvalidInput(say("Write at most %(most)s characters.", most=LENGTH_MAX), field=field)
    if not all(clinic_setup.can_be_shown(line) for line in lines):
        raise InvalidInput(say("There are characters that can't be shown."), field=field)
    return "\n".join(lines)


def _known(kind: str, language: str) -> None:
    if kind not in KINDS or language not in LANGUAGES:
        raise NotFound(say("There is no such letter."))


@cache
def _templates() -> MailTemplates:
    return MailTemplates(template_folder())


def _letter(unit: Unit, kind: str, language: str, words: OwnWords, plan_url: str) -> Letter:
    clinic = unit.clinic
    head = Letterhead(clinic.name, clinic.phone, unit.zone, "Ana", unit.zone, plan_url, language, {kind: words})
    visits = _visits(unit)
    first, second, third = visits
    letters: dict[str, Letter] = {
        "course_booked": CourseBooked(head, visits, clinic.notice_hours, calendar_attached=True),
        "course_changed": CourseChanged(
            head, (ChangeReason.CANCELLED,), (Moved(second, third),), (), (), (first, third), calendar_attached=True
        ),
        "reminder": Reminder(head, first, confirmed=False),
        "slot_offered": SlotOffered(head, first, second, unit.now + timedelta(hours=clinic.offer_hours)),
        "invitation": Invited(head, first, cancelled=False, again=False, answers_read=False),
    }
    return letters[kind]


def _visits(unit: Unit) -> tuple[Visit, Visit, Visit]:
    """Three visits of the weeks to come, with somebody of the clinic in one of its rooms."""
    treats = select(StaffRow.name).where(StaffRow.treats.is_(True), StaffRow.active.is_(True)).order_by(StaffRow.name)
    rooms = select(RoomRow.name).where(RoomRow.active.is_(True)).order_by(RoomRow.name)
    with_whom = unit.session.scalars(treats.limit(1)).first() or ""
    where = ", ".join(part for part in (unit.session.scalars(rooms.limit(1)).first(), unit.clinic.address) if part)
    begin = datetime.combine(unit.today + timedelta(days=8 - unit.today.weekday()), datetime.min.time(), unit.zone)

    def visit(days: int, hour: int) -> Visit:
        return Visit((begin + timedelta(days=days)).replace(hour=hour), 45, with_whom, where)

    return visit(0, 10), visit(7, 10), visit(9, 15)

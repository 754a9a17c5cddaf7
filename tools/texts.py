"""Brings the catalogues in planner/locale up to date with the texts in use; `make texts AREA=diary` runs it.

Usage: python tools/texts.py [AREA ...]; without one, every area. What is new stands there with an empty translation,
what nobody uses any more goes, and the head of each file stays as it is. docs/words.md says how texts are written.
"""

import ast
import sys
import tomllib
from collections.abc import Iterator
from fnmatch import fnmatchcase
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po, write_po
from jinja2.ext import babel_extract

from planner.care.evidence import as_msgid

ROOT = Path(__file__).parents[1]
CATALOGUES = ROOT / "planner" / "locale"
EVIDENCE = ROOT / "planner" / "care" / "evidence.toml"
# Each file belongs to the first area with a pattern that fits; * also stands for folders.
AREAS: dict[str, tuple[str, ...]] = {
    "mail": (
        "templates/emails/*",
        "planner/notify/*",
        "planner/services/calendar_events.py",
        "planner/services/feed_owners.py",
    ),
    "engine": ("planner/scheduling/*", "planner/diary/*", "planner/calendars/*"),
    "care": ("planner/care/*",),
    "patient": (
        "templates/patient/*",
        "planner/web/patient*",
        "planner/services/patient_plan.py",
        "planner/services/patient_visits.py",
        "planner/services/patient_changes.py",
        "planner/services/patient_moving.py",
        "planner/services/patient_log.py",
        "planner/services/patient_wish*.py",
        "planner/services/patient_links.py",
        "planner/services/contact_changes.py",
        "planner/services/plan_pdf.py",
    ),
    "public": ("templates/public/*", "templates/calendars/*", "planner/web/public*", "planner/web/calendars.py"),
    "diary": (
        "templates/diary/*",
        "templates/courses/move.html",
        "planner/web/diary/*",
        "planner/web/courses/move.py",
        "planner/services/diary_view.py",
        "planner/services/place*.py",
        "planner/services/moving.py",
        "planner/services/move_view.py",
    ),
    "courses": (
        "templates/courses/*",
        "planner/web/courses/*",
        "planner/services/course_*",
        "planner/services/outcomes*",
        "planner/services/notes.py",
        "planner/services/frequency.py",
    ),
    "therapist": (
        "templates/therapist/*",
        "planner/web/therapist/*",
        "planner/services/assessment*",
        "planner/services/my_day_view.py",
    ),
    "owner": (
        "templates/owner/*",
        "templates/auth/*",
        "templates/account/*",
        "planner/web/auth.py",
        "planner/web/account/*",
        *(f"planner/services/{name}.py" for name in ("sessions", "second_factor", "authenticator", "recovery_codes")),
        *(f"planner/services/{name}.py" for name in ("passkeys", "account_links", "account_letters", "devices")),
        "planner/web/owner/*",
        "planner/services/clinic_setup.py",
        "planner/services/opening.py",
        "planner/services/accounts.py",
        "planner/services/staff_desk.py",
        "planner/services/services_offered.py",
        "planner/services/letter_words.py",
        "planner/services/evidence_edit.py",
        "planner/services/clinic_place.py",
        "planner/services/currencies.py",
        "planner/services/first_run.py",
        "planner/services/seen.py",
        "planner/services/system_view.py",
        "planner/services/audit.py",
        "planner/services/erasure.py",
        "planner/services/retention.py",
        "planner/services/person_file.py",
        "planner/storage/audit_walk.py",
    ),
    "figures": (
        "templates/figures/*",
        "planner/web/figures/*",
        "planner/services/dashboard.py",
        "planner/services/calibration.py",
        "planner/services/export.py",
    ),
    "desk": (
        *(
            f"templates/reception/{name}*"
            for name in ("today", "worklists", "freed", "leave", "_leave", "_replan", "_offers")
        ),
        *(f"planner/web/reception/{name}*" for name in ("today", "worklists", "freed", "leave", "replan")),
        *(f"planner/services/{name}*" for name in ("worklist", "today_view", "attention", "attendance", "backfill")),
        *(
            f"planner/services/{name}*"
            for name in ("takers", "offers", "freed_slots", "leave", "replan", "first_visit")
        ),
        "planner/services/making_room.py",
    ),
    "reception": ("templates/reception/*", "planner/web/reception/*", "planner/services/b*", "planner/services/p*"),
    # Whatever the others do not have: the frame of every page, its macros, refusals, the rest of the use cases.
    "common": ("templates/*", "planner/*"),
}
_PYTHON = {"say": 1, "gettext": 1, "say_many": 2, "ngettext": 2}
_OPTIONS = {"trimmed": "true", "newstyle_gettext": "true"}
Text = str | tuple[str, str]


def area_of(file: str) -> str:
    """The area that a file's texts belong to; its path is relative to the repository, with slashes."""
    return next(area for area, patterns in AREAS.items() if any(fnmatchcase(file, pattern) for pattern in patterns))


def in_use(area: str) -> Catalog:
    """The texts that templates and code of one area ask for."""
    found = Catalog()
    for file in sorted((*ROOT.glob("templates/**/*.*"), *ROOT.glob("planner/**/*.py"), EVIDENCE)):
        if area_of(file.relative_to(ROOT).as_posix()) == area:
            for text in _of_python(file) if file.suffix == ".py" else _of_data(file):
                found.add(text)
    return found


def _of_data(file: Path) -> Iterator[Text]:
    if file != EVIDENCE:
        yield from _of_template(file)
        return
    for row in tomllib.loads(file.read_text(encoding="utf-8"))["rows"].values():
        yield from (as_msgid(row[name]) for name in ("says", "fewer", "more") if row.get(name))


def _of_template(file: Path) -> Iterator[Text]:
    with file.open("rb") as source:
        for _, function, texts, _ in babel_extract(source, ("_", "gettext", "ngettext"), (), _OPTIONS):
            yield (str(texts[0]), str(texts[1])) if function == "ngettext" else str(_first(texts))


def _first(texts: object) -> object:
    return texts[0] if isinstance(texts, tuple | list) else texts


def _of_python(file: Path) -> Iterator[Text]:
    for node in ast.walk(ast.parse(file.read_bytes())):
        if not isinstance(node, ast.Call):
            continue
        name = getattr(node.func, "id", getattr(node.func, "attr", ""))
        texts = [argument.value for argument in node.args if isinstance(argument, ast.Constant)]
        texts = [text for text in texts if isinstance(text, str)]
        if name in _PYTHON and len(texts) >= _PYTHON[name]:
            yield texts[0] if _PYTHON[name] == 1 else (texts[0], texts[1])
        elif name in ("say", "say_many"):
            # Nobody could translate what is put together while the program runs.
            raise SystemExit(f"{file}:{node.lineno}: {name}() takes a literal")


def updated(catalogue: bytes, language: str, found: Catalog, known: dict[Text, object]) -> bytes:
    """The catalogue with exactly the texts that were found.

    Args:
        known: translations from any area, so that a text which moves or is used twice is translated once.
    """
    head = catalogue.partition(b"\n\n")[0].rstrip(b"\n")
    messages = read_po(BytesIO(catalogue), locale=language, abort_invalid=True)
    # A text that changed is translated anew: a guess from one that looks alike would be read by patients.
    messages.update(found, no_fuzzy_matching=True)
    messages.obsolete.clear()
    for message in messages:
        if message.id and not is_translated(message):
            message.string = known.get(_key(message.id), message.string)  # type: ignore[assignment]
    written = BytesIO()
    write_po(written, messages, width=0, omit_header=True, no_location=True, sort_output=True)
    return head + b"\n\n" + written.getvalue().lstrip(b"\n")


def is_translated(message: Message) -> bool:
    """Whether each of its forms has words."""
    return bool(message.string) and all(message.string)


def known_elsewhere(language: str) -> dict[Text, object]:
    """What is translated already in any area."""
    known: dict[Text, object] = {}
    for file in sorted((CATALOGUES / language / "LC_MESSAGES").glob("*.po")):
        for message in read_po(BytesIO(file.read_bytes()), locale=language):
            if message.id and is_translated(message):
                known[_key(message.id)] = message.string
    return known


def _key(text: object) -> Text:
    return (text[0], text[1]) if isinstance(text, tuple | list) else str(text)


def main() -> None:
    """Write each catalogue anew and say what is left to translate."""
    areas = sys.argv[1:] or list(AREAS)
    for language in sorted(folder.name for folder in CATALOGUES.iterdir() if folder.is_dir()):
        known = known_elsewhere(language)
        for area in areas:
            file = CATALOGUES / language / "LC_MESSAGES" / f"{area}.po"
            written = updated(file.read_bytes(), language, in_use(area), known)
            file.write_bytes(written)
            messages = [message for message in read_po(BytesIO(written), locale=language) if message.id]
            empty = sum(not is_translated(message) for message in messages)
            if empty or sys.argv[1:]:
                print(f"{language} {area}: {empty} of {len(messages)} to translate")


if __name__ == "__main__":
    main()

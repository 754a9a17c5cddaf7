"""All that is kept about a person as one archive: for a program as JSON, for the person as a page to read."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterable, Iterator
from datetime import date, datetime, time
from html import escape
from typing import Any, Final

from planner.services.clinic_setup import manage
from planner.services.csv_cells import cell
from planner.services.person_rows import PersonRows, rows_about
from planner.services.runtime import Actor, Runtime
from planner.storage.people import PatientRow
from planner.words import in_language, say

FORMAT: Final = 1
_TABLES: Final = {
    "patient": say("Details"),
    "assessment": say("Assessments"),
    "course": say("Courses"),
    "session": say("Sessions"),
    "appointment": say("Visits"),
    "revision": say("Changes of courses"),
    "note": say("Notes"),
    "outcome": say("How it went"),
    "advice_decision": say("Advice and what became of it"),
    "outbox": say("Messages"),
    "invitation": say("Invitations"),
    "feed": say("Calendar addresses"),
    "slot_offer": say("Offers of freed places"),
    "worklist_item": say("Things to look at"),
    "audit_line": say("Who saw, changed or took out what"),
}


def person_archive(runtime: Runtime, actor: Actor, patient_id: int) -> bytes:
    """A ZIP of person.json and person.html; who took it is kept.

    Raises:
        NotFound: there is no such patient here.
        NotAllowed: by somebody who does not manage the clinic.
    """
    with runtime.writing(actor) as unit:
        manage(unit)
        language = unit.get(PatientRow, patient_id).language
        unit.audit("export person", f"patient/{patient_id}")
    with runtime.reading(actor) as unit:
        found = list(rows_about(unit, patient_id))
        clinic, made_at = unit.clinic.name, unit.now
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("person.json", _as_json(found, clinic, made_at))
        archive.writestr("person.html", "".join(_as_page(found, clinic, made_at, language)))
    return kept.getvalue()


def _as_json(found: Iterable[PersonRows], clinic: str, made_at: datetime) -> str:
    tables = {each.table: each.rows for each in found}
    whole = {"format": FORMAT, "clinic": clinic, "made_at": made_at, "tables": tables}
    return json.dumps(whole, ensure_ascii=False, indent=1, default=_plain)


def _plain(value: object) -> str:
    if isinstance(value, date | time):
        return cell(value)
    raise TypeError(f"no JSON for {type(value).__name__}")


def _as_page(found: Iterable[PersonRows], clinic: str, made_at: datetime, language: str) -> Iterator[str]:
    """One file that needs nothing else: neither script nor anything from elsewhere."""
    title = in_language(say("All that %(clinic)s keeps about you", clinic=clinic), language)
    made = in_language(say("As of %(day)s (times in UTC).", day=made_at.date().isoformat()), language)
    yield f'<!doctype html><html lang="{escape(language)}"><head><meta charset="utf-8">'
    yield f'<title>{escape(title)}</title></head><body><h1 dir="auto">{escape(title)}</h1><p>{escape(made)}</p>'
    for each in found:
        heading = in_language(_TABLES.get(each.table, each.table), language)
        yield f"<h2>{escape(heading)}</h2>"
        for row in each.rows:
            yield "<dl>" + "".join(_lines(row)) + "</dl><hr>"
    yield "</body></html>\n"


def _lines(row: dict[str, Any]) -> Iterator[str]:
    for name, value in row.items():
        said = json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else _said(value)
        if said:
            yield f'<dt>{escape(name.replace("_", " "))}</dt><dd dir="auto">{escape(said)}</dd>'


def _said(value: object) -> str:
    # A page is no spreadsheet, so what people typed needs no apostrophe before it.
    return value if isinstance(value, str) else cell(value)

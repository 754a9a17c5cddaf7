"""Every word of a page comes from the catalogues: in a language that puts texts in brackets, none stands outside."""

import re
from collections.abc import Iterator
from gettext import NullTranslations

import html5lib
import pytest
from sqlalchemy import inspect, text

from planner import words
from planner.care.evidence import Evidence
from planner.services.clinic_place import closure_desk
from planner.storage.people import ClinicRow, PatientRow
from planner.web import reader
from tests.web.test_every_page import PAGES, address, example, named, whom

# Pages that show a letter as it goes out.
LETTERS = frozenset({"outtray.message", "owner.letters"})
# Lists of names that the world has given.
NAMES = ("timezone", "country", "subdivision", "currency")
LABELS = ("aria-label", "placeholder", "title", "alt", "data-label")
# Names of programs, formats and clocks, and what stands for itself in every language.
SAME_EVERYWHERE = re.compile(
    r"\w…@example\.org|\b(English|Deutsch|Español|Europe/London|[A-Z]{2,4}|[0-9a-f]{8}|[EJ]\d+|min|uid"
    r"|ICSx⁵ on Android|Android|Apple|Google|Outlook|Thunderbird|Calendar)\b"
)


class Bracketed(NullTranslations):
    """Gives each text back in brackets."""

    def gettext(self, message: str) -> str:
        return f"⟦{message}⟧"

    def ngettext(self, one: str, many: str, n: int) -> str:
        return f"⟦{one if n == 1 else many}⟧"


@pytest.fixture
def bracketed(monkeypatch, runtime, clinic) -> None:
    """Everybody reads German, which is the bracketed language here."""
    with runtime.writing(clinic.system) as unit:
        unit.session.get(ClinicRow, unit.clinic.id).language = "de"
        unit.get(PatientRow, clinic.ana).language = "de"
    for module in (words, reader):
        monkeypatch.setattr(module, "texts", lambda language: Bracketed())
    monkeypatch.setattr(words, "day_in", lambda day, form, language: f"⟦{day}⟧")


def outside(page: str) -> Iterator[str]:
    """The words outside of brackets: of the visible text, and of each label."""
    tree = html5lib.parse(page, namespaceHTMLElements=False)
    depth, bare = 0, []
    # The address of a route is no word.
    for code in tree.iter("code"):
        code.text = ""
    for select in tree.iter("select"):
        if select.get("name") in NAMES:
            select.clear()
    for element in tree.iter():
        if not isinstance(element.tag, str):
            continue
        yield from (strip(element.get(label, "")) for label in LABELS)
    for node in tree.find("body").itertext():
        for sign in node:
            depth += (sign == "⟦") - (sign == "⟧")
            if depth == 0 and sign != "⟧":
                bare.append(sign)
        bare.append("\n")
    yield from "".join(bare).splitlines()


def strip(label: str) -> str:
    """A label without what stands in brackets."""
    while "⟦" in label and "⟧" in label:
        fresh = re.sub(r"⟦[^⟦⟧]*⟧", "", label)
        if fresh == label:
            break
        label = fresh
    return label


def data_of(runtime) -> str:
    """All that people typed: every text of the database."""
    with runtime.database.reading(None) as session:
        tables = inspect(session.connection()).get_table_names()
        rows = [row for table in tables for row in session.execute(text(f'SELECT * FROM "{table}"'))]  # noqa: S608
    return "\n".join(str(value) for row in rows for value in row)


def given_names(runtime, actor) -> str:
    """Names that the world has given: of studies, and of public holidays."""
    holidays = closure_desk(runtime, actor).holidays
    return "\n".join([*Evidence.load().sources.values(), *(SAME_EVERYWHERE.sub("", name) for _, name in holidays)])


@pytest.mark.slow
@pytest.mark.parametrize("rule", [rule for rule in PAGES if rule.endpoint not in LETTERS], ids=named)
def test_every_word_of_a_page_is_in_the_catalogues(rule, browser_of, runtime, clinic, bracketed) -> None:
    """But for names and what people typed."""
    values = example(rule, runtime, clinic)
    browser = browser_of(whom(rule, clinic))
    answer = browser.get(address(browser.app, rule, values), headers={"Accept-Language": "de"})
    if answer.status_code != 200 or not answer.mimetype.startswith("text/html"):
        return
    typed = data_of(runtime) + given_names(runtime, clinic.mo.actor)
    found = (SAME_EVERYWHERE.sub("", line).split(",") for line in outside(answer.text))
    parts = (part.strip(" ·–→") for line in found for part in line)
    assert [part for part in parts if re.search(r"[A-Za-z]{2}", part) and part not in typed] == []

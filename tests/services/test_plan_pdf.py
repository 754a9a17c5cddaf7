"""The printed plan: read back as a person, a phone's camera and a screen reader would."""

from dataclasses import replace

import pypdfium2
import pytest
import typst
import zxingcpp

from planner.languages import day_words
from planner.services.patient_plan import PatientPlan, plan_of
from planner.services.plan_pdf import plan_pdf
from planner.services.runtime import Actor
from tests.web.ana_course import book_ana

LINK = "https://plans.example.org/p/an-address-0000000000000000000000000000"


@pytest.fixture
def plan(runtime, clinic) -> PatientPlan:
    """Ana's plan, as booked."""
    book_ana(runtime, clinic)
    return plan_of(runtime, Actor(clinic_id=clinic.id, name="patient", patient_id=clinic.ana))


def text_of(pdf: bytes) -> str:
    """All that stands in the file, on one line."""
    with pypdfium2.PdfDocument(pdf) as document:
        return " ".join(" ".join(page.get_textpage().get_text_range() for page in document).split())


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ("Your plan", "Ana Silva", "Tuesday 3 March 2026, 08:00–", "1 of 9", "Reach us", "0131 496 0000")),
        ("de", ("Ihr Plan", "Ana Silva", "Dienstag, 3. März 2026, 08:00–", "1 von 9", "So erreichen Sie uns")),
        ("es", ("Su plan", "Ana Silva", "martes, 3 de marzo de 2026, 08:00–", "1 de 9", "Contacto")),
    ],
)
def test_the_paper_says_the_plan_in_the_patients_language(plan, language, words):
    """Every date ahead, with whom, and how to reach the clinic."""
    text = text_of(plan_pdf(plan, LINK, language))
    for word in words:
        assert word in text
    for visit in plan.upcoming:
        assert day_words(visit.starts_at.date(), language) in text
    assert text.count("Ben Okafor") == len(plan.upcoming)


@pytest.mark.parametrize(
    "name",
    ["محمد عبد الله", "שרה כהן", "Zoë Ångström", "Ђорђе Петровић", '#[evil] $x$ *b* "quoted" \\ _i_ @label <l>'],
)
def test_a_name_in_any_script_stands_whole_on_the_paper(plan, name):
    """Right to left as it is written, and never read as markup."""
    assert name in text_of(plan_pdf(replace(plan, name=name), LINK, "en"))


def test_a_name_that_no_font_here_can_draw_does_not_keep_the_plan_from_being_printed(plan):
    """A machine without fonts for a script has boxes there, and the dates all the same."""
    few = typst.Fonts(include_system_fonts=False)
    text = text_of(plan_pdf(replace(plan, name="山田 👩🏽‍⚕️ สมชาย"), LINK, "en", fonts=few))
    assert "Tuesday 3 March 2026, 08:00–" in text


def test_a_name_of_200_letters_stays_on_the_paper(plan):
    """It is broken where a line ends."""
    pdf = plan_pdf(replace(plan, name="W" * 200), LINK, "en")
    with pypdfium2.PdfDocument(pdf) as document:
        page = document[0]
        textpage = page.get_textpage()
        boxes = [textpage.get_charbox(index) for index in range(textpage.count_chars())]
        assert sum(textpage.get_text_range(index, 1) == "W" for index in range(len(boxes))) >= 200
        assert max(right for _, _, right, _ in boxes) < page.get_width()


def test_the_code_on_the_paper_leads_to_the_personal_link(plan):
    """As a phone sees it: from the page as a picture."""
    with pypdfium2.PdfDocument(plan_pdf(plan, LINK, "en")) as document:
        picture = document[0].render(scale=2).to_numpy()
    assert [code.text for code in zxingcpp.read_barcodes(picture)] == [LINK]


def test_the_same_plan_gives_the_same_bytes(plan):
    """So that nobody wonders what changed."""
    assert plan_pdf(plan, LINK, "en") == plan_pdf(plan, LINK, "en")


def test_who_lives_elsewhere_reads_both_clocks(plan):
    """The patient's first, the clinic's beside it."""
    text = text_of(plan_pdf(replace(plan, zone="America/New_York"), LINK, "en"))
    assert "03:00–" in text
    assert "08:00 at the clinic" in text
    assert "The times are those in New York" in text

"""The benchmark of many clinics stays runnable, and the document quotes what it has measured."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import func, select

from benchmarks.scale import pages, template
from benchmarks.scale.load import Sqlite, fill
from benchmarks.scale.meter import Meter, percentile
from benchmarks.scale.rates import BUSY, Rates
from benchmarks.scale.report import page, quote
from benchmarks.scale.sizes import Size
from benchmarks.scale.year import PAGE, POLL, Year
from planner.services import integrity
from planner.services.runtime import Actor, Runtime
from planner.storage import schema
from planner.storage.audit_rows import AuditRow
from planner.storage.courses import AppointmentRow
from planner.storage.database import Database
from planner.storage.people import ClinicRow
from tests.factories import FakeClock, FakeMailer

ROOT = Path(__file__).parents[2]
SMALL = replace(BUSY, therapists=2, courses_a_week=4.0)


@pytest.fixture(scope="module")
def lived():
    """A clinic that has lived long enough for a course to be over."""
    return template.live(SMALL, weeks=6)


@pytest.mark.slow
def test_copied_clinics_are_whole_and_apart(lived, tmp_path):
    """Each has its own rows and past, and the nightly look finds nothing wrong with any."""
    path = tmp_path / "many.sqlite"
    database = Database(f"sqlite:///{path}")
    schema.upgrade(database)
    target = Sqlite(path)
    made = fill(target, lived, [1, 2], pieces=2)
    fill(target, lived, [3], silent=True)
    target.done()
    runtime = Runtime(database, FakeClock(template.NOW), FakeMailer())
    with database.reading(None) as session:
        clinics = session.scalars(select(ClinicRow.id)).all()
        counted = dict(
            session.execute(select(AppointmentRow.clinic_id, func.count()).group_by(AppointmentRow.clinic_id)).all()
        )
        lines = session.scalar(select(func.count()).select_from(AuditRow))
    assert len(clinics) == 3
    assert sum(list(counted.values())[:2]) == made == 2 * lived.appointments(2)
    assert counted[clinics[2]] == lived.little.appointments > 0
    assert lines > made
    assert [list(integrity.verify(runtime, Actor.system(clinic))) for clinic in clinics] == [[], [], []]
    database.close()


@pytest.mark.slow
def test_small_and_large_are_asked_side_by_side(lived, capsys):
    """Every act works at every database; the page that comes of it has a line for each, and a verdict."""
    wanted = [pages.Plan(name, clinics, 20) for name, clinics in ((pages.SMALL, 1), (pages.LARGE, 2), (pages.LONG, 1))]
    found = pages.measure(lived, "sqlite", wanted, rounds=1)
    assert found.findings == 0
    kept = json.loads(json.dumps(found.to_json()))
    text = page({"pages": {"found": kept, "share": 1, "commit": "x", "machine": "y", "at": "z"}})
    assert all(f"| {act} |" in text for act in found.acts.acts)
    assert "**held**" in text or "**not held**" in text
    assert "diary" in capsys.readouterr().err


def test_a_year_comes_to_money_and_clinics():
    """From counted events to work, the busiest hour and the cost; the figures go into the document."""
    year = Year(clinics=10, playing=2, days_done=130, began=Size({"a": 0}, {"a": 0}, {"a": 0}))
    year.ended = Size({"a": 500}, {"a": 2_000_000}, {"a": 1000})
    for kind, seconds in {
        "visit given": 0.02, "calendar made": 0.01, PAGE: 0.03, POLL: 0.001, "course planned": 0.1,
        "course booked": 0.1,
    }.items():  # fmt: skip
        year.meter.events[kind], year.meter.seconds[kind] = 100, 100 * seconds
    year.rounds.events["remind"], year.rounds.seconds["remind"] = 10, 1.0
    again = Year.from_json(json.loads(json.dumps(year.to_json())))
    text = page({"year": {"found": again.to_json(), "share": 1, "commit": "x", "machine": "y", "at": "z"}})
    assert "| courses planned and booked a second and process | 5.0 |" in text
    assert "| rows a clinic-year | 500 |" in text
    assert "| megabytes a clinic-year | 2.0 |" in text
    assert quote(text, "a\n<!-- figures -->\nold\n<!-- /figures -->\nb").count("| rows a clinic-year | 500 |") == 1


def test_the_document_quotes_what_was_measured():
    """Its table is that of benchmarks/SCALE.md, to the letter, and no other figure is claimed."""
    document = (ROOT / "docs" / "scale.md").read_text(encoding="utf-8")
    measured = (ROOT / "benchmarks" / "SCALE.md").read_text(encoding="utf-8")
    assert quote(measured, document) == document
    quoted = document.partition("<!-- figures -->")[2].partition("<!-- /figures -->")[0]
    assert len(re.findall(r"^\| .* \| .* \|$", quoted, re.MULTILINE)) > 10


def test_percentiles_lie_between_what_was_measured():
    """Of one value it is that one; of none there is no percentile."""
    assert percentile([3.0], 0.95) == 3.0
    assert percentile([1.0, 2.0, 3.0, 4.0], 0.5) == 2.5
    with pytest.raises(ValueError, match="nothing"):
        percentile([], 0.5)


def test_a_meter_counts_what_fails_too():
    """A refusal takes its time as well."""
    meter = Meter()
    with pytest.raises(RuntimeError), meter.of("refused"):
        raise RuntimeError
    assert meter.events["refused"] == 1
    assert meter.each("refused") > 0
    assert meter.each("never") == 0


@pytest.mark.parametrize("wrong", [{"missed": 1.5}, {"therapists": 0}, {"courses_a_week": 0.0}, {"called_off": 0.99}])
def test_rates_that_can_not_be_are_refused(wrong):
    """A share is between nothing and all."""
    with pytest.raises(ValueError, match=r"these shares|nobody works"):
        Rates(**wrong)

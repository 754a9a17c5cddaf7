"""The busy pages and a course's planning at few and at many appointments, measured in one run on one server."""

import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.postgresql_server import server
from benchmarks.scale.load import Postgresql, Sqlite, fill
from benchmarks.scale.side_by_side import Compared, Measured, compare, sweep_rounds
from benchmarks.scale.site import opened
from benchmarks.scale.sizes import Size, size_of
from benchmarks.scale.template import Template
from benchmarks.scale.upgrading import seconds_held
from planner.services import integrity
from planner.services.runtime import Actor, Runtime
from planner.storage import schema
from planner.storage.database import Database
from tests.postgresql import Server

SMALL, LARGE, LONG = "small", "large", "one long"
_ASKED_CLINICS = 10
_VERIFIED = 2


@dataclass(frozen=True, slots=True)
class Plan:
    """A database to be made: so many clinics, with so many appointments at least in all."""

    name: str
    clinics: int
    appointments: int

    def pieces(self, template: Template) -> int:
        """Pieces of past that each of its clinics gets."""
        return template.pieces_for(-(-self.appointments // self.clinics))


def plans(share: float) -> list[Plan]:
    """The three databases, or smaller ones by a share of the large ones."""
    return [
        Plan(SMALL, 2, 10_000),
        Plan(LARGE, max(2, round(200 * share)), max(10_000, round(1_000_000 * share))),
        Plan(LONG, 1, max(5_000, round(100_000 * share))),
    ]


@dataclass
class Pages:
    """What was measured.

    Args:
        appointments: that each database really has, and
        clinics: how many.
        sweeps: seconds of a round of each sweep with nothing due, at the large one.
        verifying: seconds of an integrity look at one clinic of the large one.
        findings: what such looks found.
        years: of past that each clinic of the large one has.
        held: seconds that an upgrade's dearest statements hold a table of the large one.
    """

    database: str
    rounds: int
    appointments: dict[str, int] = field(default_factory=dict)
    clinics: dict[str, int] = field(default_factory=dict)
    loading: dict[str, float] = field(default_factory=dict)
    acts: Compared = field(default_factory=Compared)
    sweeps: dict[str, float] = field(default_factory=dict)
    verifying: float = 0.0
    findings: int = 0
    size: Size = field(default_factory=Size)
    years: float = 0.0
    held: dict[str, float] = field(default_factory=dict)
    proportions: dict[str, float] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """For the file in which results are kept."""
        acts = {
            act: {name: [each.milliseconds, each.questions] for name, each in found.items()}
            for act, found in self.acts.acts.items()
        }
        return {**vars(self), "acts": acts, "size": vars(self.size)}

    @classmethod
    def from_json(cls, kept: dict[str, Any]) -> "Pages":
        """As `to_json` has written it."""
        acts = {act: {name: Measured(*each) for name, each in found.items()} for act, found in kept["acts"].items()}
        return cls(**{**kept, "acts": Compared(acts), "size": Size(**kept["size"])})


def measure(template: Template, database: str, wanted: list[Plan], rounds: int) -> Pages:
    """Make the databases and ask them in turn."""
    pages = Pages(database, rounds, years=(wanted[1].pieces(template) + 1) * template.days / 364)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        makers = _postgresql(stack) if database == "postgresql" else _sqlite(folder)
        urls = {plan.name: _filled(makers, template, plan, pages) for plan in wanted}
        if isinstance(makers, _PostgresqlMaker):
            pages.size = size_of(makers.server, LARGE)
            pages.held = seconds_held(makers.server, LARGE, urls[LARGE])
        sites = [
            stack.enter_context(opened(plan.name, urls[plan.name], folder, min(_ASKED_CLINICS, plan.clinics)))
            for plan in wanted
        ]
        pages.acts = compare(sites, rounds)
        pages.sweeps = sweep_rounds(sites[1])
        _verify(sites[1].runtime, [asker.actors["reception"].clinic_id for asker in sites[1].askers], pages)
    return pages


class _PostgresqlMaker:
    def __init__(self, started: Server) -> None:
        self.server = started

    def url(self, name: str) -> str:
        return self.server.create(name.replace(" ", "_"))

    def target(self, name: str) -> Postgresql:
        return Postgresql(self.server, name.replace(" ", "_"))


class _SqliteMaker:
    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def _path(self, name: str) -> Path:
        return self.folder / f"{name.replace(' ', '_')}.sqlite"

    def url(self, name: str) -> str:
        return f"sqlite:///{self._path(name)}"

    def target(self, name: str) -> Sqlite:
        return Sqlite(self._path(name))


def _postgresql(stack: ExitStack) -> _PostgresqlMaker:
    return _PostgresqlMaker(stack.enter_context(server()))


def _sqlite(folder: Path) -> _SqliteMaker:
    return _SqliteMaker(folder)


def _filled(maker: _PostgresqlMaker | _SqliteMaker, template: Template, plan: Plan, pages: Pages) -> str:
    url = maker.url(plan.name)
    database = Database(url)
    schema.upgrade(database)
    database.close()
    begin, target = time.perf_counter(), maker.target(plan.name)
    made = fill(target, template, range(1, plan.clinics + 1), plan.pieces(template))
    target.done()
    pages.appointments[plan.name], pages.clinics[plan.name] = made, plan.clinics
    pages.loading[plan.name] = time.perf_counter() - begin
    print(f"{plan.name}: {made} appointments in {pages.loading[plan.name]:.0f} s", file=sys.stderr, flush=True)
    return url


def _verify(runtime: Runtime, clinics: list[int], pages: Pages) -> None:
    """The nightly look at some clinics, those that were worked on among them."""
    begin = time.perf_counter()
    for clinic in clinics[:_VERIFIED]:
        found = list(integrity.verify(runtime, Actor.system(clinic)))
        pages.findings += len(found)
        for finding in found[:5]:
            print(f"clinic {clinic}: {finding.says}", file=sys.stderr)
    pages.verifying = (time.perf_counter() - begin) / min(_VERIFIED, len(clinics))

"""A year at a thousand clinics in some minutes: some of them live every event of it, the others lie in the database."""

import random
import sys
import time
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from benchmarks.postgresql_server import server
from benchmarks.scale.life import ClinicLife, CountingMailer, TurnedClock
from benchmarks.scale.load import Postgresql, fill
from benchmarks.scale.meter import Meter
from benchmarks.scale.rates import USUAL
from benchmarks.scale.sizes import Size, size_of
from benchmarks.scale.template import NOW, Template
from planner.app import create_app
from planner.config import Config
from planner.services import integrity, sessions
from planner.services.runtime import Actor, Runtime
from planner.storage import schema
from planner.storage.courses import CourseRow
from planner.storage.database import Database
from planner.storage.people import StaffRow
from planner.sweeps import SWEEPS
from planner.web.access import LOGIN_KEY
from tests.postgresql import Server

WEEKS = 52
SECONDS_A_CLINIC_WEEK, SECONDS_OF_SWEEPS = 2.8, 0.4
"""About what the week of a clinic that lives takes, and the year's sweeps of one that only lies there: from them it
follows how many can live their whole year in the given minutes."""

NIGHTLY = frozenset(("integrity", "nightly-backup"))
SELDOM = frozenset(("attention", "retention", "tidy", "audit-heads", "silent-calendars"))
"""Sweeps that visit every clinic: one round every four weeks is enough to measure them."""

LOOKED_AT = ("/today", "/worklists", "/diary?span=week", "/diary?span=day", "/courses/{course}", "/patients/{patient}")
PAGE, FRESH, POLL = "page opened", "calendar, first poll of a day", "calendar, each later poll"
_LOOKS_A_DAY, _POLLS_A_DAY = 3, 3


@dataclass
class Year:
    """What was done, as far as it went.

    Args:
        playing: clinics that live.
        days_done: working days that are over; a year has 260.
        findings: what an integrity look at those clinics found at the end.
    """

    clinics: int
    playing: int
    days_done: int = 0
    seconds: float = 0.0
    refused: int = 0
    sent: int = 0
    findings: int = 0
    meter: Meter = field(default_factory=Meter)
    rounds: Meter = field(default_factory=Meter)
    began: Size = field(default_factory=Size)
    ended: Size = field(default_factory=Size)

    @property
    def share(self) -> float:
        """Clinic-years that were lived."""
        return self.playing * self.days_done / (5 * WEEKS)

    def to_json(self) -> dict[str, Any]:
        """For the file in which results are kept."""
        # A shallow copy: copying a Counter value by value makes keys of its pairs.
        kept = dict(vars(self))
        return {**kept, **{name: dict(vars(kept[name])) for name in ("meter", "rounds", "began", "ended")}}

    @classmethod
    def from_json(cls, kept: dict[str, Any]) -> "Year":
        """As `to_json` has written it."""
        meters = {name: Meter.from_json(kept[name]) for name in ("meter", "rounds")}
        return cls(**{**kept, **meters, **{name: Size(**kept[name]) for name in ("began", "ended")}})


def simulate(template: Template, folder: Path, clinics: int, minutes: float, seed: int = 7) -> Year:
    """A year at so many clinics; stopped by the minutes or by hand it keeps what was done."""
    playing = max(1, int((minutes * 60 - clinics * SECONDS_OF_SWEEPS) / WEEKS / SECONDS_A_CLINIC_WEEK))
    year = Year(clinics, min(playing, clinics))
    with server(lasting=True) as started:
        url = started.create("year")
        database = Database(url)
        schema.upgrade(database)
        target = Postgresql(started, "year")
        fill(target, template, range(1, clinics - year.playing + 1), silent=True)
        target.done()
        try:
            _Simulation(year, started, database, url, folder, seed).run(minutes)
        finally:
            database.close()
    return year


class _Simulation:
    def __init__(self, year: Year, started: Server, database: Database, url: str, folder: Path, seed: int) -> None:
        self.year, self.started, self.database = year, started, database
        self.clock, self.rng, self.mailer = TurnedClock(NOW), random.Random(seed), CountingMailer()
        config = Config(instance=folder, database_url=url, secret_key="s" * 32)
        self.runtime = Runtime(database, self.clock, self.mailer, config.base_url, config.secret_key)
        self.app = create_app(self.runtime, config)
        self.lives = [
            ClinicLife(self.runtime, self.clock, random.Random(f"{seed}/{number}"), USUAL, f"alive{number}", year.meter)
            for number in range(year.playing)
        ]

    def run(self, minutes: float) -> None:
        for life in self.lives:
            life.open()
        self.year.began = size_of(self.started, "year")
        begin = time.monotonic()
        try:
            for number in range(7 * WEEKS):
                self._day(NOW.date() + timedelta(days=number))
                self.year.seconds = time.monotonic() - begin
                if self.year.seconds > 60 * minutes:
                    break
        except KeyboardInterrupt:
            print("stopped; what was done is kept", file=sys.stderr)
        self._end()

    def _day(self, day: date) -> None:
        if day.weekday() > 4:
            return
        for life in self.lives:
            life.day(day)
            self._look(life)
        self.clock.set(datetime(day.year, day.month, day.day, 20, tzinfo=UTC))
        self._sweep(seldom=day.weekday() == 4 and day.isocalendar().week % 4 == 0)
        self.year.days_done += 1
        if day.weekday() == 4:
            done, meter = self.year, self.year.meter
            print(
                f"week of {day}: {done.seconds:.0f} s, {sum(meter.events.values())} events", file=sys.stderr, flush=True
            )

    def _look(self, life: ClinicLife) -> None:
        """Some of the day's pages and of the calendars' polls; how many there would be is said by the rates."""
        with self.runtime.reading(life.reception) as unit:
            courses = unit.session.execute(select(CourseRow.id, CourseRow.patient_id)).all()
        if not courses:
            return
        browser = signed_in(self.app, self.runtime, life.reception)
        for _ in range(_LOOKS_A_DAY):
            course, patient = self.rng.choice(courses)
            address = self.rng.choice(LOOKED_AT).format(course=course, patient=patient)
            with self.year.meter.of(PAGE):
                assert browser.get(address).status_code == 200, address
        self._poll(browser, self.rng.sample(life.feeds, min(_POLLS_A_DAY, len(life.feeds))))

    def _poll(self, browser: FlaskClient, addresses: list[str]) -> None:
        """Phones ask now and an hour later; then nothing has changed, and it is noted that they asked."""
        tags = {}
        for address in addresses:
            with self.year.meter.of(FRESH):
                answer = browser.get("/f/" + address.rpartition("/")[2])
            assert answer.status_code == 200
            tags[address] = answer.headers["ETag"]
        self.clock.set(self.clock.now() + timedelta(hours=1))
        for address, tag in tags.items():
            with self.year.meter.of(POLL):
                answer = browser.get("/f/" + address.rpartition("/")[2], headers={"If-None-Match": tag})
            assert answer.status_code == 304

    def _sweep(self, *, seldom: bool) -> None:
        for sweep in SWEEPS:
            if sweep.name in NIGHTLY or (sweep.name in SELDOM and not seldom):
                continue
            with self.year.rounds.of(sweep.name):
                sweep.run(self.runtime)

    def _end(self) -> None:
        self.year.ended = size_of(self.started, "year")
        self.year.refused, self.year.sent = sum(life.refused for life in self.lives), self.mailer.sent
        for life in self.lives:
            found = list(integrity.verify(self.runtime, Actor.system(life.clinic_id)))
            self.year.findings += len(found)
            for finding in found[:5]:
                print(f"{life.name}: {finding.says}", file=sys.stderr)


def signed_in(app: Flask, runtime: Runtime, person: Actor) -> FlaskClient:
    """A browser in which somebody is signed in."""
    with runtime.writing(Actor.system(person.clinic_id)) as unit:
        token = sessions.open_session(unit, unit.get(StaffRow, person.staff_id or 0), "", "passkey")
    browser = app.test_client()
    with browser.session_transaction() as session:
        session[LOGIN_KEY] = token
    return browser

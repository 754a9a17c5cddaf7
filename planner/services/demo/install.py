"""Puts the demo clinic into an instance: all of it in one transaction, or nothing; a second time changes nothing.

The story is told on a database of its own and then copied, so that whatever stops it half-way leaves no trace.
"""

from __future__ import annotations

import json
import os
import tempfile
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

from sqlalchemy import event, insert, select
from sqlalchemy.orm import Session

from planner.errors import InvalidInput, StorageFailed
from planner.services.demo import cast
from planner.services.demo.story import NoMail, Story, StoryClock
from planner.services.feeds import create_feed
from planner.services.patients import personal_link
from planner.services.runtime import Actor, Runtime
from planner.storage import schema
from planner.storage.database import Database
from planner.storage.people import ClinicRow, PatientRow, StaffRow

_SUBSCRIBER: Final = "Ana Silva"


@dataclass(frozen=True, slots=True)
class SignIn:
    """Somebody who can sign in."""

    role: str
    name: str
    email: str
    password: str


@dataclass(frozen=True, slots=True)
class Subscriber:
    """Somebody with addresses of their own.

    Args:
        link: the personal page; None for a therapist.
        feed: the calendar address; None where there is none.
    """

    name: str
    link: str | None
    feed: str | None


@dataclass(frozen=True, slots=True)
class Demo:
    """All one needs to look at the demo."""

    url: str
    sign_ins: tuple[SignIn, ...]
    patients: tuple[Subscriber, ...]
    therapists: tuple[Subscriber, ...]

    def to_json(self) -> dict[str, Any]:
        """For programs."""
        therapists = [{"name": each.name, "feed": each.feed} for each in self.therapists]
        return {**asdict(self), "therapists": therapists}


def ensure_demo(runtime: Runtime, kept: Path) -> Demo:
    """The demo clinic of this instance, made if it has none.

    Args:
        runtime: on the instance's database, which has its tables.
        kept: a private file that keeps the calendar addresses, since the database knows only their hashes.
    Raises:
        InvalidInput: there is a clinic, and it is not the demo.
    """
    if not _is_there(runtime):
        _make(runtime, kept)
    return _demo(runtime, kept)


def _is_there(runtime: Runtime) -> bool:
    with runtime.database.reading(None) as session:
        return _demo_clinic(session) is not None


def _demo_clinic(session: Session) -> int | None:
    """The demo's id; None if there is no clinic at all."""
    manager = session.scalar(select(StaffRow).where(StaffRow.email == cast.MANAGER.email))
    if manager is not None:
        return manager.clinic_id
    if session.scalar(select(ClinicRow.id).limit(1)) is not None:
        raise InvalidInput(
            "This instance has a clinic of its own. To see the demo, name another folder: "
            "PLANNER_INSTANCE=/tmp/demo planner demo",
            field="PLANNER_INSTANCE",
        )
    return None


def _make(runtime: Runtime, kept: Path) -> None:
    """Tell the story beside the instance's database, then copy it all in at once."""
    with tempfile.TemporaryDirectory(prefix="planner-demo-") as folder:
        beside = _quick_database(Path(folder) / "story.sqlite")
        try:
            now = runtime.clock.now()
            clock = StoryClock(now.replace(year=now.year - 1, day=1))
            story = Story(replace(runtime, database=beside, clock=clock, mailer=NoMail()), clock, now)
            story.tell()
            feeds = _new_feeds(story.runtime)
            with runtime.database.writing(None) as session:
                # Another `planner demo` may have been faster.
                if _demo_clinic(session) is None:
                    _copy(beside, session)
                    # Before the commit: a clinic without its addresses could not be shown.
                    _keep(kept, feeds)
        finally:
            beside.close()


def _quick_database(path: Path) -> Database:
    """A database that need not survive a power cut."""
    database = Database(f"sqlite:///{path}")
    event.listen(database.engine, "connect", lambda connection, _: connection.execute("PRAGMA synchronous=OFF"))
    schema.upgrade(database)
    return database


def _copy(source: Database, target: Session) -> None:
    with source.reading(None) as session:
        for table in schema.METADATA.sorted_tables:
            rows = [dict(row) for row in session.execute(select(table)).mappings()]
            if rows:
                target.execute(insert(table), rows)


def _demo(runtime: Runtime, kept: Path) -> Demo:
    feeds = _kept(kept)
    if feeds is None:
        feeds = _new_feeds(runtime)
        _keep(kept, feeds)
    url = runtime.base_url.rstrip("/")
    addresses = {name: f"{url}{path}" for name, path in feeds.items()}
    return Demo(
        url=url,
        sign_ins=tuple(SignIn(each.role, each.name, each.email, cast.PASSWORD) for each in cast.STAFF),
        patients=tuple(Subscriber(name, link, addresses.get(name)) for name, link in _links(runtime).items()),
        therapists=tuple(Subscriber(each.name, None, addresses.get(each.name)) for each in cast.THERAPISTS),
    )


def _links(runtime: Runtime) -> dict[str, str]:
    """Everybody's personal page, in the order of the cast."""
    with runtime.writing(_system(runtime)) as unit:
        ids = {row.name: row.id for row in unit.session.scalars(select(PatientRow))}
        names = [each.name for each in cast.CHARACTERS if each.name in ids]
        return {name: personal_link(runtime, unit, ids[name]) for name in names}


def _new_feeds(runtime: Runtime) -> dict[str, str]:
    """A fresh calendar address for each therapist and one patient: paths, for the port may change."""
    actor = _system(runtime)
    with runtime.reading(actor) as unit:
        staff = {row.name: row.id for row in unit.session.scalars(select(StaffRow))}
        patient = unit.session.scalar(select(PatientRow.id).where(PatientRow.name == _SUBSCRIBER))
    found = {
        person.name: create_feed(runtime, actor, practitioner_id=staff[person.name])
        for person in cast.THERAPISTS
        if person.name in staff
    }
    if patient is not None:
        found[_SUBSCRIBER] = create_feed(runtime, actor, patient_id=patient)
    return {name: url.removeprefix(runtime.base_url.rstrip("/")) for name, url in found.items()}


def _system(runtime: Runtime) -> Actor:
    with runtime.database.reading(None) as session:
        clinic_id = _demo_clinic(session)
    if clinic_id is None:
        raise ValueError("the demo was made and is not there")
    return Actor.system(clinic_id)


def _kept(path: Path) -> dict[str, str] | None:
    """The calendar addresses; None if they are lost, so that new ones are needed."""
    try:
        feeds = json.loads(path.read_text(encoding="utf-8"))["feeds"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return {str(name): str(feed) for name, feed in feeds.items()} if isinstance(feeds, dict) else None


def _keep(path: Path, feeds: dict[str, str]) -> None:
    """Write the file whole or not at all, for nobody else's eyes."""
    try:
        handle, beside = tempfile.mkstemp(dir=path.parent, prefix=".demo-")  # Made with mode 0600.
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump({"feeds": feeds}, file, indent=2)
                file.flush()
                os.fsync(file.fileno())
            Path(beside).replace(path)
        except BaseException:
            Path(beside).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise StorageFailed(f"{path} can't be written: {error.strerror}.") from error

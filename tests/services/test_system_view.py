"""What the owner is told of how the program runs."""

from dataclasses import replace
from datetime import timedelta

import pytest

from planner import metrics
from planner.errors import NotAllowed
from planner.notify.delivery import TemporaryFailure
from planner.services import integrity, messages, readiness, worklists
from planner.services.backup_folder import BackupFolder, name_at
from planner.services.pulse import Pulse, pulse_file
from planner.services.system_view import LITTLE_SPACE, system
from planner.storage import schema
from planner.storage.ids import new_id
from planner.storage.jobs import SolveJobRow
from planner.storage.outward import OutboxRow
from tests.web.ana_course import book_ana

EVERY = {"send-outbox": timedelta(seconds=20), "tidy": timedelta(hours=1)}


@pytest.fixture
def seen(runtime, config, clinic):
    """Gives how it runs at this moment, as Mo is told."""
    return lambda: system(runtime, clinic.mo.actor, config.instance)


@pytest.fixture
def pulse(config, clock):
    """Timers that run."""
    return Pulse(pulse_file(config.instance), clock, EVERY)


def test_where_all_is_well_it_says_so(seen, pulse):
    """Timers, messages, room on the disk."""
    view = seen()
    assert view.all_well
    assert view.step == schema.newest()
    assert view.database_bytes > 100_000
    assert [sweep.name for sweep in view.sweeps] == ["send-outbox", "tidy"]


def test_without_timers_it_is_not_well(seen, pulse, clock):
    """Whether they never ran, ended, or fell silent."""
    pulse.stop()
    assert not seen().all_well
    pulse.beat("tidy", 0.1, failed=False)
    assert seen().all_well
    clock.advance(minutes=5)
    assert (seen().alive, seen().all_well) == (False, False)


def test_a_backup_that_is_missing_or_old_is_told_where_one_is_to_be_made(runtime, config, clinic, pulse, tmp_path):
    """It is sooner or later the only thing that counts; without a folder in the settings nobody expects one."""
    folder = BackupFolder(tmp_path)
    running = replace(runtime, backups=folder)
    now = runtime.clock.now()
    for made_at, late in ((None, True), (now - timedelta(hours=49), True), (now - timedelta(hours=25), False)):
        if made_at is not None:
            (tmp_path / name_at(made_at)).touch()
        view = system(running, clinic.mo.actor, config.instance)
        assert (view.backup_late, view.all_well) == (late, not late)


def test_a_sweep_that_is_late_stands_first(seen, pulse, clock):
    """However alive the others are."""
    clock.advance(minutes=8)
    pulse.beat("send-outbox", 0.1, failed=False)
    first, second = seen().sweeps
    assert (first.name, first.is_late, second.is_late) == ("tidy", True, False)
    assert seen().alive
    assert not seen().all_well


def test_messages_that_do_not_go_out_are_told(seen, pulse, runtime, clinic, clock, mailer):
    """Neither those that wait too long nor those that are put off again and again."""
    book_ana(runtime, clinic)
    clock.advance(minutes=8)
    pulse.beat("tidy", 0.1, failed=False)
    pulse.beat("send-outbox", 0.1, failed=False)
    assert (seen().owed.messages["due"], seen().late_messages) == (1, False)
    mailer.fails_with = TemporaryFailure("The mail server is away.")
    messages.send_outbox(runtime)
    assert (seen().owed.messages["retrying"], seen().owed.messages["due"]) == (1, 0)
    assert seen().late_messages
    mailer.fails_with = None
    clock.advance(minutes=2)
    messages.send_outbox(runtime)
    pulse.beat("tidy", 0.1, failed=False)
    pulse.beat("send-outbox", 0.1, failed=False)
    assert seen().all_well


def test_a_full_disk_is_told_before_it_is_full(seen, pulse, monkeypatch):
    """There is time to make room."""
    usage = readiness.free_bytes.__globals__["shutil"].disk_usage("/")._replace(free=LITTLE_SPACE - 1)
    monkeypatch.setattr(readiness.free_bytes.__globals__["shutil"], "disk_usage", lambda _: usage)
    assert seen().little_space
    assert not seen().all_well


def test_another_clinics_messages_are_none_of_this_ones_business(seen, pulse, runtime, other_clinic, clock):
    """Clinics are walls, also for figures."""
    with runtime.writing(other_clinic.system) as unit:
        unit.session.add(
            OutboxRow(
                key="k", kind="course_booked", patient_id=other_clinic.ana, status="failed",
                due_at=unit.now, created_at=unit.now,
            )
        )  # fmt: skip
        unit.session.add(job(unit, "failed", {}))
    view = seen()
    assert view.owed.messages["failed"] == 0
    assert view.owed.jobs["failed"] == 0
    assert view.all_well


def job(unit, status, progress):
    """A planning that is over, or runs."""
    return SolveJobRow(
        id=new_id(), kind="leave", request={}, status=status, runner="r", progress=progress, actor="Rosa Lind",
        asked_at=unit.now, beat_at=unit.now,
    )  # fmt: skip


def test_plannings_are_told_with_their_gap(seen, pulse, runtime, clinic, clock):
    """Of those that ended with an answer; one that lost its process does not count as running."""
    assert seen().solves is None
    with runtime.writing(clinic.system) as unit:
        for points, status in ((101, "done"), (110, "used"), (104, "done"), (400, "failed")):
            unit.session.add(job(unit, status, {"points": points, "lower_bound": 100, "seconds": 2.0}))
        unit.session.add(job(unit, "running", {}))
    view = seen()
    assert (view.solves.count, round(view.solves.gap_percent, 1), round(view.solves.worst_percent, 1)) == (3, 4.0, 10.0)
    assert view.solves.seconds == 2.0
    assert view.owed.jobs == {"running": 1, "ready": 2, "failed": 1}
    clock.advance(minutes=1)
    assert seen().owed.jobs["running"] == 0


def test_the_slowest_routes_are_those_that_are_slow_again_and_again(seen, pulse):
    """One slow answer is no slow route."""
    metrics.request_answered("/once", 200, 3600)
    for _ in range(5):
        metrics.request_answered("/always", 200, 1800)
    assert seen().slowest[0].rule == "/always"
    assert "/once" not in [each.rule for each in seen().slowest]


def test_only_who_manages_the_clinic_is_told(runtime, config, clinic):
    """Reception has no use for it."""
    with pytest.raises(NotAllowed):
        system(runtime, clinic.rosa.actor, config.instance)


def test_it_takes_a_dozen_queries(seen, pulse, queries):
    """However many rows there are."""
    with queries() as asked:
        seen()
    assert len(asked) <= 19


def test_data_that_contradict_themselves_are_told_here_too(runtime, clinic, pulse, seen):
    """The nightly look puts them on the worklists; whoever looks whether all is well must not read that it is."""
    assert seen().looked_through is None
    integrity.look_on(runtime, clinic.system)
    assert (seen().contradictions, seen().all_well) == (0, True)
    assert seen().looked_through == runtime.clock.now()
    with runtime.writing(clinic.system) as unit:
        worklists.open_item(unit, worklists.DAMAGE, "damage-1", "Session 3 has two appointments.", None)
    assert (seen().contradictions, seen().all_well) == (1, False)

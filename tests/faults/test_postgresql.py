"""Faults 2 and 8 on PostgreSQL: sixteen processes at once, and a server that is cut off in the middle of it."""

import random
import signal
import time
from collections import Counter
from contextlib import closing
from datetime import timedelta

import psycopg
import pytest
from psycopg import sql
from sqlalchemy.engine import make_url

from planner.storage.guard import constraint_statements
from tests.databases import one_of
from tests.faults.checks import assert_whole, courses, number, overlaps
from tests.faults.processes import CONTEXT, Tally, hammer, together
from tests.faults.scenes import NOW, Hands, make_busy_clinic
from tests.faults.test_hammer import ORDINARY
from tests.postgresql import Server

pytestmark = [pytest.mark.faults, pytest.mark.slow]

PROCESSES = 16
SECONDS = 5.0
BACK_WITHIN = 10.0
_WAIT = 120


@pytest.fixture
def address(postgresql_databases, tmp_path):
    """The address of a database with tables and no rows."""
    with one_of(postgresql_databases, postgresql_databases.empty(tmp_path)) as url:
        yield url


@pytest.fixture
def busy(address, tmp_path):
    """Twelve patients, two therapists, two rooms, four hours a day; one course is booked."""
    return _booked(make_busy_clinic(tmp_path, patients=12, address=address))


def _booked(clinic):
    runtime = clinic.runtime()
    Hands(clinic, runtime, random.Random(0)).book()
    runtime.database.close()
    return clinic


def test_fault_2_sixteen_people_booking_at_once_double_book_nobody_on_postgresql(busy, postgresql_databases, capsys):
    """They book whole courses, move, cancel and confirm; without the guard and a turn to write it goes wrong."""
    server, naive = postgresql_databases.server, "naive"
    with one_of(postgresql_databases, server.create(naive, make_url(busy.address).database)) as unguarded:
        for constraint in constraint_statements():
            server.ask(f"ALTER TABLE appointment DROP CONSTRAINT {constraint}", naive)
        tallies = together(_hammer, PROCESSES, [busy])
        careless = together(_naive_hammer, PROCESSES, unguarded, 2.0)
        double = overlaps(unguarded)
    with capsys.disabled():
        print(_table("one clinic", tallies, overlaps(busy.address)), f"; check, then insert: {double}")
    assert _sum(careless, "done")["book"] > 0
    assert double > 0, "the control found every slot well guarded; then this test proves nothing"
    assert_whole(busy.address)
    done = _sum(tallies, "done")
    assert courses(busy.address) == done["book"] + 1
    assert all(done[action] > 0 for action in ("book", "move", "cancel", "confirm"))
    assert set(_sum(tallies, "refused")) <= ORDINARY


def test_fault_2_people_of_four_clinics_write_side_by_side(address, tmp_path, capsys):
    """As many people in four clinics: nobody is in the way of another clinic, nobody is double-booked."""
    clinics = [_booked(make_busy_clinic(tmp_path, 12, address=address, name=f"c{number}-")) for number in range(4)]
    tallies = together(_hammer, PROCESSES, clinics)
    with capsys.disabled():
        print(_table("four clinics", tallies, overlaps(address)))
    assert_whole(address)
    assert courses(address) == _sum(tallies, "done")["book"] + len(clinics)
    assert set(_sum(tallies, "refused")) <= ORDINARY


def test_fault_8_a_server_cut_off_under_load_is_back_in_ten_seconds(tmp_path, capsys):
    """As if its power were cut, while four people work: refusals meanwhile, then all goes on, and nothing is lost."""
    server = Server(settings=())
    try:
        server.make()
        clinic = _booked(make_busy_clinic(tmp_path, patients=12, address=server.create("busy")))
        begun, results = CONTEXT.Barrier(5), CONTEXT.Queue()
        workers = [CONTEXT.Process(target=_work_on, args=(number, begun, results, clinic, 12.0)) for number in range(4)]
        for worker in workers:
            worker.start()
        begun.wait(_WAIT)
        time.sleep(3)
        server.stop(signal.SIGQUIT)
        gone = time.monotonic()
        time.sleep(1)
        server.start()
        told = [results.get(timeout=_WAIT) for _ in workers]
        for worker in workers:
            worker.join(_WAIT)
        back = [min(when for when in each.seconds if when > gone) - gone for each in told]
        with capsys.disabled():
            print(f"\ncut off, started again after 1 s: each works again after {max(back):.1f} s at most")
        assert max(back) < BACK_WITHIN
        assert_whole(clinic.address)
        _assert_all_that_was_said_is_kept(clinic, told)
    finally:
        server.remove()


def _assert_all_that_was_said_is_kept(clinic, told):
    """What was answered as booked is there; of what was cut off at its commit nobody can say."""
    done, refused = _sum(told, "done"), _sum(told, "refused")
    assert refused["DatabaseBusy"] > 0, "nobody noticed; then this test proves nothing"
    assert set(refused) <= ORDINARY | {"DatabaseBusy", "StorageFailed"}
    assert done["book"] + 1 <= courses(clinic.address) <= done["book"] + 1 + refused["DatabaseBusy"]
    assert number(clinic.address, "SELECT count(*) FROM appointment WHERE clinic_id IS NULL") == 0


def _hammer(process, barrier, results, clinics):
    """Work in one of the clinics."""
    hammer(process, barrier, results, clinics[process % len(clinics)], SECONDS)


def _work_on(process, barrier, results, clinic, seconds):
    """Work as people do who try again after a refusal; keeps the moments at which something was done."""
    hands = Hands(clinic, clinic.runtime(), random.Random(process))
    moments: list[float] = []
    barrier.wait(_WAIT)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        before = sum(hands.done.values())
        hands.do_something()
        if sum(hands.done.values()) > before:
            moments.append(time.monotonic())
        else:
            time.sleep(0.05)
    results.put(Tally(hands.done, hands.refused, moments))


def _naive_hammer(process, barrier, results, address, seconds):
    """Look whether a slot is free, then take it: what a program does that forgot that others are at work."""
    chance, done = random.Random(process), Counter()
    free = """SELECT count(*) FROM appointment WHERE practitioner_id = %s AND status = 'booked'
              AND starts_at < %s AND ends_at > %s"""
    settings = {"options": "-c planner.clinic_id=all -c timezone=UTC", "autocommit": True}
    with closing(psycopg.connect(address.replace("+psycopg", ""), **settings)) as connection:
        some = connection.execute("SELECT * FROM appointment LIMIT 1")
        pattern = dict(zip((column.name for column in some.description), some.fetchone(), strict=True))
        names = sql.SQL(", ").join(map(sql.Identifier, pattern))
        take = sql.SQL("INSERT INTO appointment ({}) VALUES ({})").format(
            names, sql.SQL(", ").join(sql.Placeholder() * len(pattern))
        )
        barrier.wait(_WAIT)
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            start = NOW + timedelta(days=1 + chance.randrange(20), minutes=30 * chance.randrange(8))
            until = start + timedelta(minutes=30)
            if connection.execute(free, (pattern["practitioner_id"], until, start)).fetchone() == (0,):
                row = {**pattern, "id": chance.getrandbits(60), "starts_at": start, "ends_at": until}
                connection.execute(take, tuple(row.values()))
                done["book"] += 1
    results.put(Tally(done, Counter(), []))


def _sum(tallies, name):
    return sum((getattr(tally, name) for tally in tallies), Counter())


def _table(where, tallies, double):
    seconds = sorted(second for tally in tallies for second in tally.seconds)
    half, most = (seconds[int(len(seconds) * share)] for share in (0.5, 0.99))

    def words(counted):
        return ", ".join(f"{count} {name}" for name, count in counted.most_common()) or "none"

    done = _sum(tallies, "done")
    return (
        f"\n{PROCESSES} processes on PostgreSQL, {where}: {sum(done.values()) / SECONDS:.0f} changes a second, "
        f"half of all actions within {half:.2f} s, 99 of 100 within {most:.2f} s\n"
        f"done {words(done)}; refused {words(_sum(tallies, 'refused'))}; double bookings {double}"
    )

"""The audit's chain: written with the change, refusing to be changed, telling where somebody did so all the same."""

import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text, update
from sqlalchemy.exc import IntegrityError

from planner.services.audit import find_breaks
from planner.services.origin import Origin
from planner.storage import audit_guard
from planner.storage.audit_chain import CHANGED, WITHHELD, Line, Who, canonical, link
from planner.storage.audit_rows import AuditRow
from planner.storage.audit_walk import Head, breaks, heads
from planner.storage.people import PatientRow, RoomRow
from tests.factories import NOW, make_patient

WHO = Who("planner", None, NOW)
COLUMNS = {
    "at": datetime(2020, 1, 1, tzinfo=UTC),
    "actor": "patient",
    "actor_id": 7,
    "action": "another",
    "subject": "room/2",
    "patient_id": 9,
    "network": "public",
    "session": "another",
    "details": {"number": 5},
    "previous": "0" * 64,
    "hash": "f" * 64,
}


def lines(runtime, clinic):
    """The chain of changes, from its beginning."""
    with runtime.reading(clinic.system) as unit:
        return unit.session.scalars(select(AuditRow).where(AuditRow.chain == "changes").order_by(AuditRow.number)).all()


@pytest.fixture
def written(runtime, clinic):
    """Some lines more than the clinic's own."""
    for number in range(6):
        with runtime.writing(clinic.mo.actor) as unit:
            unit.audit("try", f"room/{number}", number=number)
            unit.audit("try again", f"room/{number}")
    return lines(runtime, clinic)


class UndoneError(Exception):
    """The test has seen enough."""


@contextmanager
def with_the_file_in_hand(runtime, clinic):
    """A session of somebody whom no trigger stops; whatever it does is taken back."""
    try:
        with runtime.database.writing(clinic.id) as session:
            unguard(session.connection(), "audit_line_no_update", "audit_line_no_delete")
            yield session
            raise UndoneError
    except UndoneError:
        pass


def unguard(connection, *names):
    """Take triggers away."""
    where = " ON audit_line" if connection.dialect.name == "postgresql" else ""
    for name in names:
        connection.execute(text(f"DROP TRIGGER {name}{where}"))


def put(session, row_id, /, **values):
    """Write over a line, past everything."""
    session.connection().execute(update(AuditRow.__table__).where(AuditRow.id == row_id).values(**values))


def found_in(session, clinic, known=()):
    """Where the chain of changes breaks now."""
    return [each.number for each in breaks(session, clinic.id, known) if each.chain == "changes"]


def test_each_line_has_the_hash_of_the_one_before(written, runtime, clinic):
    """From the first, which has none before it, to the end that is kept."""
    assert [row.number for row in written] == list(range(1, len(written) + 1))
    assert [row.previous for row in written] == ["", *(row.hash for row in written[:-1])]
    assert find_breaks(runtime, clinic.id) == []
    with runtime.reading(clinic.system) as unit:
        ends = {head.chain: head for head in heads(unit.session, clinic.id)}
    assert ends["changes"] == Head(clinic.id, "changes", written[-1].number, written[-1].hash)


def test_the_spelling_that_is_hashed_never_changes():
    """A chain of years ago must still be read; this is what it was hashed from."""
    values = {
        "clinic_id": 1, "chain": "changes", "number": 2, "at": NOW, "actor": "staff", "actor_id": 3,
        "action": "patient.change", "subject": "patient/4", "patient_id": 4, "network": "private",
        "session": "0123456789ab", "details": {"b": [True, None, 2.5], "a": "x"},
    }  # fmt: skip
    assert canonical(values) == (
        '{"action":"patient.change","actor":"staff","actor_id":3,"at":"2026-03-02T08:00:00.000000+00:00",'
        '"chain":"changes","clinic_id":1,"details":{"a":"x","b":[true,null,2.5]},"network":"private","number":2,'
        '"patient_id":4,"session":"0123456789ab","subject":"patient/4"}'
    )
    assert link("", values) == "0c73c182e69547c966fefa1471c69ab26f927f1e8bd9b73c1f2e64fd049212ec"


@pytest.mark.parametrize("statement", ["UPDATE audit_line SET action = 'x'", "DELETE FROM audit_line"])
def test_the_database_refuses_to_change_a_line(written, runtime, clinic, statement):
    """Whoever asks."""
    with pytest.raises(IntegrityError, match=audit_guard.MESSAGE), runtime.database.writing(None) as session:
        session.execute(text(statement))
    assert len(lines(runtime, clinic)) == len(written)


def test_a_trigger_that_is_gone_is_told(written, runtime, clinic):
    """Without it the next change would only be found, not refused."""
    with runtime.database.migrating() as connection:
        unguard(connection, "audit_line_no_update")
    (only,) = find_breaks(runtime, clinic.id)
    assert "audit_line_no_update" in only.says
    with runtime.database.migrating() as connection:
        audit_guard.install(connection)
    assert find_breaks(runtime, clinic.id) == []


@pytest.mark.parametrize("column", COLUMNS)
@pytest.mark.parametrize("place", [1, 8, -1])
def test_a_line_changed_by_hand_is_found(written, runtime, clinic, column, place):
    """Any of its columns, at the beginning, in the middle, at the end."""
    target = written[place if place < 0 else place - 1]
    with with_the_file_in_hand(runtime, clinic) as session:
        put(session, target.id, **{column: COLUMNS[column]})
        assert target.number in found_in(session, clinic)


@pytest.mark.parametrize("place", [0, 7, -1])
def test_a_line_that_is_gone_is_found(written, runtime, clinic, place):
    """The last one too, because the end is kept apart."""
    with with_the_file_in_hand(runtime, clinic) as session:
        session.execute(text("DELETE FROM audit_line WHERE id = :id"), {"id": written[place].id})
        assert found_in(session, clinic)


def test_a_chain_that_is_gone_as_a_whole_is_found(written, runtime, clinic):
    """With the lines; and with the kept end too, once an end is known from elsewhere."""
    with with_the_file_in_hand(runtime, clinic) as session:
        known = heads(session, clinic.id)
        session.execute(text("DELETE FROM audit_line"))
        assert found_in(session, clinic)
        session.execute(text("DELETE FROM audit_chain"))
        assert found_in(session, clinic) == []
        assert found_in(session, clinic, known)


def test_a_line_put_in_behind_the_end_is_found(written, runtime, clinic):
    """However well it follows the one before."""
    with with_the_file_in_hand(runtime, clinic) as session:
        append_by_hand(session, written[-1])
        assert found_in(session, clinic)


def append_by_hand(session, last):
    """A line that follows properly, without the end that is kept."""
    forged = {column.name: getattr(last, column.name) for column in AuditRow.__table__.columns}
    forged |= {"id": 1, "number": last.number + 1, "previous": last.hash}
    session.add(AuditRow(**{**forged, "hash": link(last.hash, forged)}))
    session.flush()


def test_an_end_cut_off_with_its_kept_end_is_found_by_a_log(written, runtime, clinic):
    """Only an end that was kept elsewhere can tell."""
    with with_the_file_in_hand(runtime, clinic) as session:
        known = heads(session, clinic.id)
        cut = written[-3]
        session.execute(text("DELETE FROM audit_line WHERE number > :last"), {"last": cut.number})
        session.execute(
            text("UPDATE audit_chain SET number = :number, hash = :hash WHERE chain = 'changes'"),
            {"number": cut.number, "hash": cut.hash},
        )
        assert found_in(session, clinic) == []
        assert found_in(session, clinic, known) == [written[-1].number]


def test_a_chain_written_anew_is_found_by_a_log(written, runtime, clinic):
    """Somebody changes a line and all hashes after it: the chain itself holds, but it is another one."""
    with with_the_file_in_hand(runtime, clinic) as session:
        known = heads(session, clinic.id)
        rewrite(session, clinic, written[2].id)
        assert found_in(session, clinic) == []
        assert found_in(session, clinic, known) == [written[-1].number]


def rewrite(session, clinic, row_id):
    """Change one line and link all of them anew."""
    previous = ""
    for row in session.scalars(select(AuditRow).where(AuditRow.chain == "changes").order_by(AuditRow.number)).all():
        if row.id == row_id:
            row.action = "something else"
        facts = {column.name: getattr(row, column.name) for column in AuditRow.__table__.columns}
        row.previous, row.hash = previous, link(previous, facts)
        previous = row.hash
    session.flush()
    session.execute(text("UPDATE audit_chain SET hash = :hash WHERE chain = 'changes'"), {"hash": previous})


TAMPERING = st.lists(
    st.one_of(
        st.tuples(st.just("change"), st.integers(0, 11), st.sampled_from(sorted(COLUMNS))),
        st.tuples(st.just("delete"), st.integers(0, 11)),
        st.tuples(st.just("swap"), st.integers(0, 10)),
        st.tuples(st.just("move"), st.integers(0, 11), st.integers(100, 200)),
    ),
    min_size=1,
    max_size=3,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(deeds=TAMPERING)
def test_whatever_is_done_to_the_lines_is_found(written, runtime, clinic, deeds):
    """Any few deeds together, as long as the lines are not what they were."""
    own = written[-12:]
    before = [(row.number, row.previous, row.hash, canonical(facts(row))) for row in written]
    with with_the_file_in_hand(runtime, clinic) as session:
        for deed in deeds:
            do(session, own, deed)
        session.expire_all()
        query = select(AuditRow).where(AuditRow.chain == "changes").order_by(AuditRow.number)
        after = [(row.number, row.previous, row.hash, canonical(facts(row))) for row in session.scalars(query)]
        assert bool(found_in(session, clinic)) == (after != before)


def facts(row):
    """What of a line is hashed, and more."""
    return {column.name: getattr(row, column.name) for column in AuditRow.__table__.columns}


def do(session, own, deed):
    """One deed of somebody with the file in hand."""
    kind, place, *rest = deed
    row, other = own[place], own[(place + 1) % len(own)]
    if kind == "change":
        put(session, row.id, **{rest[0]: COLUMNS[rest[0]]})
    elif kind == "delete":
        session.execute(text("DELETE FROM audit_line WHERE id = :id"), {"id": row.id})
    elif kind == "move":
        put(session, row.id, number=rest[0] * 12 + place)
    else:
        put(session, row.id, subject=other.subject, details=other.details)


def test_a_change_and_its_line_come_together_or_not_at_all(runtime, clinic):
    """Nothing of a transaction that fails is kept."""
    before = len(lines(runtime, clinic))
    with pytest.raises(RuntimeError), runtime.writing(clinic.rosa.actor) as unit:
        unit.audit("patient.change", f"patient/{clinic.ana}")
        unit.get(PatientRow, clinic.ana).phone = "1"
        raise RuntimeError("power cut")
    assert len(lines(runtime, clinic)) == before


def test_a_change_of_which_nobody_notes_anything_is_noted_by_itself(runtime, clinic):
    """Whoever writes a new use case can't forget it."""
    with runtime.writing(clinic.rosa.actor) as unit:
        unit.get(PatientRow, clinic.ana).phone = "0131 555"
    row = lines(runtime, clinic)[-1]
    assert (row.action, row.subject, row.patient_id) == (CHANGED, f"patient/{clinic.ana}", clinic.ana)
    assert (row.actor, row.actor_id) == ("staff", clinic.rosa.id)


def test_a_statement_over_a_whole_table_is_noted_too(runtime, clinic):
    """Which table, though not which of its rows."""
    with runtime.writing(clinic.mo.actor) as unit:
        unit.session.execute(RoomRow.__table__.update().values(active=True))
        unit.session.query(RoomRow).update({"active": False})
    assert lines(runtime, clinic)[-1].subject == "room"


def test_nothing_is_noted_where_nothing_changed(runtime, clinic):
    """Setting what is set already is no change."""
    before = len(lines(runtime, clinic))
    with runtime.writing(clinic.rosa.actor) as unit:
        row = unit.get(PatientRow, clinic.ana)
        row.phone = row.phone
    assert len(lines(runtime, clinic)) == before


def test_what_is_taken_back_to_a_savepoint_leaves_no_line(runtime, clinic):
    """A look at what a change would do is no change; what comes before and after it is."""
    before = len(lines(runtime, clinic))
    with runtime.writing(clinic.rosa.actor) as unit:
        unit.audit("first", "room/1")
        look = unit.session.begin_nested()
        unit.audit("look", "room/2")
        make_patient(unit, "Nobody")
        with unit.session.begin_nested():
            unit.audit("look closer", "room/3")
        look.rollback()
        unit.audit("last", "room/4")
    assert [row.action for row in lines(runtime, clinic)[before:]] == ["first", "last"]


def test_a_very_large_change_says_how_large_it_was(runtime, clinic):
    """Not thousands of lines."""
    before = len(lines(runtime, clinic))
    with runtime.writing(clinic.rosa.actor) as unit:
        for number in range(70):
            make_patient(unit, f"P{number}")
    fresh = lines(runtime, clinic)[before:]
    assert len(fresh) == 51
    assert fresh[-1].details == {"further": 20}


def test_names_and_words_stay_out(runtime, clinic):
    """Whoever passes them on."""
    with runtime.writing(clinic.rosa.actor) as unit:
        unit.audit(
            "patient.change", f"patient/{clinic.ana}", name="Ana Silva", why="Schmerzen", levels={"miss": "apply"}
        )
    row = lines(runtime, clinic)[-1]
    assert row.details == {"name": WITHHELD, "why": WITHHELD, "levels": {"miss": "apply"}}
    kept = json.dumps([row.actor, row.action, row.subject, row.details])
    assert "Ana" not in kept
    assert "Rosa" not in kept


@pytest.mark.parametrize("wrong", [{"action": "Ana Silva"}, {"subject": "Ana Silva"}, {"subject": "room/1 2"}])
def test_an_action_is_a_word_of_ours(wrong):
    """Else a name could hide there."""
    Line(1, WHO, "patient.change", "patient/1")
    with pytest.raises(ValueError, match="audit"):
        Line(1, WHO, **({"action": "a", "subject": "b"} | wrong))


def test_a_line_tells_from_where_and_from_which_browser(runtime, clinic):
    """The class of the address, never the address."""
    rosa = replace(clinic.rosa.actor, origin=Origin("private", "0123456789ab"))
    with runtime.writing(rosa) as unit:
        unit.audit("patient.change", f"patient/{clinic.ana}")
    row = lines(runtime, clinic)[-1]
    assert (row.network, row.session) == ("private", "0123456789ab")


def test_clinics_have_chains_of_their_own(runtime, clinic, other_clinic):
    """Neither reads nor numbers cross."""
    assert lines(runtime, other_clinic)[0].number == 1
    assert find_breaks(runtime, other_clinic.id) == []
    assert {row.clinic_id for row in lines(runtime, other_clinic)} == {other_clinic.id}


def test_two_at_once_do_not_take_the_same_number(runtime, clinic):
    """Eight threads write; the chain is whole and nothing is missing."""
    before = len(lines(runtime, clinic))

    def work(number):
        with runtime.writing(clinic.mo.actor) as unit:
            unit.audit("try", f"room/{number}")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(40)))
    assert len(lines(runtime, clinic)) == before + 40
    assert find_breaks(runtime, clinic.id) == []

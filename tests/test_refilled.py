"""A database that is used again is as new: no row of the test before, and nothing that the test did to its tables."""

import pytest
from sqlalchemy.engine import make_url

from tests.refilled import USES


def _name(url: str) -> str:
    return make_url(url).database or ""


@pytest.mark.slow
def test_rows_of_the_test_before_are_gone(postgresql_databases, tmp_path):
    """What was deleted is there, what was added is not, and whoever was still connected is out."""
    databases, server = postgresql_databases, postgresql_databases.server
    url = databases.with_clinic(tmp_path)
    with server.connect(_name(url)) as left_open:
        before = left_open.execute("SELECT name FROM staff ORDER BY name").fetchall()
        left_open.execute("UPDATE staff SET name = 'Zed'")
        databases.drop(url)
        again = databases.with_clinic(tmp_path)
        assert _name(again) == _name(url)
    assert server.ask("SELECT name FROM staff ORDER BY name", _name(again)) == before
    databases.drop(again)


@pytest.mark.slow
@pytest.mark.parametrize(
    "change",
    [
        "DROP POLICY clinic_wall ON staff",
        "ALTER TABLE staff NO FORCE ROW LEVEL SECURITY",
        "ALTER TABLE staff ADD COLUMN shoe_size int",
        "ALTER TABLE patient DROP COLUMN notes",
        "CREATE TABLE left_behind (id int)",
        "CREATE SCHEMA left_behind",
        "ALTER SCHEMA public OWNER TO postgres",
        "GRANT SELECT ON staff TO public",
        "UPDATE alembic_version SET version_num = '0001'",
    ],
)
def test_a_database_whose_tables_were_changed_is_thrown_away(postgresql_databases, tmp_path, change):
    """The next test gets another."""
    databases, server = postgresql_databases, postgresql_databases.server
    url = databases.with_clinic(tmp_path)
    server.ask(change, _name(url))
    databases.drop(url)
    again = databases.with_clinic(tmp_path)
    assert _name(again) != _name(url)
    databases.drop(again)


@pytest.mark.slow
def test_a_database_is_not_used_for_ever(postgresql_databases, tmp_path):
    """Its dead rows would make it slow."""
    databases = postgresql_databases
    names = []
    for _ in range(USES + 1):
        url = databases.with_clinic(tmp_path)
        names.append(_name(url))
        databases.drop(url)
    assert names[-1] != names[0]

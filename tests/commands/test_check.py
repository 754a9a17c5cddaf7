"""`planner check`: finds what an operator got wrong, says what to do, and ends with 1."""

import json
from collections import namedtuple
from dataclasses import replace
from datetime import timedelta

import pytest
from click.testing import CliRunner
from sqlalchemy import create_engine, text

from planner.cli import main
from planner.clock import SystemClock
from planner.commands import check
from planner.commands.checks import database, machine, mail, settings
from planner.commands.checks.finding import Finding, SetUp
from planner.commands.server import Server
from planner.config import Smtp
from planner.notify.message import Mailbox
from planner.notify.smtp import SmtpMailer
from planner.services import running
from planner.services.pulse import Pulse, pulse_file
from tests.notify.test_smtp import Clerk, free_port, mail_server

KEY = "0123456789abcdef" * 2
PUBLIC = "https://planner.example.org"


@pytest.fixture
def set_up(config, runtime):
    """A set-up, changed as a test says: set_up(trusted_proxies=1)."""

    def make(**changed):
        return SetUp(replace(config, secret_key=KEY, **changed), runtime)

    (config.instance / "secret_key").write_text(KEY)
    (config.instance / "secret_key").chmod(0o600)
    return make


def state(look, where):
    """What one check says, and its words."""
    (found,) = list(look(where))
    return found.state, found.says


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An instance folder with a database, found by commands."""
    instance = tmp_path / "clinic"
    monkeypatch.setenv("PLANNER_INSTANCE", str(instance))
    monkeypatch.setenv("PLANNER_PORT", str(free_port()))
    assert run("db", "upgrade").exit_code == 0
    return instance


def run(*words):
    """Run a command in this process."""
    return CliRunner().invoke(main, list(words))


def test_a_fresh_set_up_works_and_says_what_could_be_better(folder):
    """Nothing is broken: exit code 0; no mail server, no clinic, no server yet."""
    result = run("check")
    assert result.exit_code == 0, result.output
    assert "✓ database: step " in result.output
    assert "! clinic: none is open yet" in result.output
    assert "! timed work: it never ran here" in result.output
    assert "! mail: no mail server is set" in result.output
    assert "✗" not in result.output


def test_one_fault_ends_with_exit_code_1_and_with_what_to_do(folder):
    """For people and for programs."""
    (folder / "planner.sqlite").unlink()
    result = run("check")
    assert result.exit_code == 1
    assert "✗ database: There is no database yet" in result.output
    assert "    `planner db upgrade` makes a database" in result.output
    data = json.loads(run("check", "--json").output)
    assert data["ok"] is False
    bad = {finding["about"] for finding in data["findings"] if finding["state"] == "bad"}
    assert "database" in bad
    assert all(finding["todo"] for finding in data["findings"] if finding["state"] != "good")


def test_looking_makes_no_database_and_says_once_that_there_is_none(folder):
    """Else the first look would leave an empty file, readable by everybody."""
    (folder / "planner.sqlite").unlink()
    result = run("check")
    assert not (folder / "planner.sqlite").exists()
    assert "could not be looked at" not in result.output
    assert "! timed work: it never ran here" in result.output


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("postgresql+psycopg://planner:geheim@127.0.0.1:1/clinic", "Connection refused"),
        ("postgresql+psycopg://planner:geheim@/clinic?host=/nowhere/at/all", "No such file or directory"),
    ],
)
def test_a_database_server_that_can_not_be_reached_is_told_with_its_reason(folder, monkeypatch, address, why):
    """An operator who has the address wrong waits in vain for it to come back."""
    monkeypatch.setenv("PLANNER_DATABASE_URL", address)
    result = run("check")
    assert "✗ database: The database clinic" in result.output
    assert why in result.output
    assert "geheim" not in result.output
    assert why in run("db", "check").output


def test_a_setting_that_can_not_work_is_a_line_like_any_other(folder):
    """Nothing else can be looked at then."""
    (folder / "settings.toml").write_text("colour = 'red'")
    result = run("check")
    assert result.exit_code == 1
    assert result.output.splitlines()[0].startswith("✗ settings: ")
    assert "colour" in result.output


def test_a_good_set_up_has_no_complaint_but_for_what_is_not_there(set_up, clinic, config):
    """Every check on a clinic behind a proxy."""
    where = set_up(public_url=PUBLIC, trusted_proxies=1, port=free_port())
    # As a database server's own, where there is one.
    clock = SystemClock()
    where = SetUp(where.config, replace(where.runtime, clock=clock))
    Pulse(pulse_file(config.instance), clock, {"tidy": timedelta(hours=1)})
    found = [finding for look in check.CHECKS for finding in check.looked(look, where)]
    complaints = {finding.about for finding in found if finding.state != "good"}
    assert complaints <= {"mail", "server", "search", "time zones", "files", "backups"}
    assert not any(finding.state == "bad" for finding in found)


@pytest.mark.parametrize("key", ["a" * 40, "abcabcabc" * 5, "changemechangemechangemechangeme"])
def test_a_key_that_can_be_guessed_is_a_fault(set_up, key):
    """Somebody filled it up."""
    where = set_up()
    where = SetUp(replace(where.config, secret_key=key), where.runtime)
    assert state(settings.secret_key, where)[0] == "bad"
    assert state(settings.secret_key, set_up())[0] == "good"


@pytest.mark.parametrize(("mode", "who"), [(0o640, "its group"), (0o644, "everybody")])
def test_a_key_that_others_can_read_is_a_fault(set_up, config, mode, who):
    """With the command that mends it; one that is set otherwise needs no file."""
    (config.instance / "secret_key").chmod(mode)
    (found,) = settings.secret_key(set_up())
    assert (found.state, who in found.says, "chmod 600" in found.todo) == ("bad", True, True)
    (config.instance / "secret_key").unlink()
    assert state(settings.secret_key, set_up())[0] == "good"


@pytest.mark.sqlite
def test_data_that_everybody_can_read_are_told(set_up, config):
    """The folder keeps them, or each file does."""
    config.instance.chmod(0o755)
    (config.instance / "planner.sqlite").chmod(0o644)
    assert state(settings.files, set_up())[0] == "could"
    assert "planner.sqlite" in state(settings.files, set_up())[1]
    (config.instance / "planner.sqlite").chmod(0o600)
    assert state(settings.files, set_up())[0] == "good"
    (config.instance / "planner.sqlite").chmod(0o644)
    config.instance.chmod(0o700)
    assert state(settings.files, set_up())[0] == "good"


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, "could"),
        ({"host": "0.0.0.0"}, "bad"),  # noqa: S104
        ({"public_url": "http://planner.example.org"}, "bad"),
        ({"public_url": "http://127.0.0.1:8000"}, "good"),
        ({"public_url": "http://localhost"}, "good"),
        ({"public_url": PUBLIC}, "good"),
    ],
)
def test_an_address_that_is_not_encrypted_or_leads_nowhere_is_a_fault(set_up, changed, expected):
    """On this machine alone it is none."""
    assert state(settings.address, set_up(**changed))[0] == expected


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, "good"),
        ({"public_url": PUBLIC}, "bad"),
        ({"public_url": PUBLIC, "trusted_proxies": 1}, "good"),
        ({"public_url": PUBLIC, "trusted_proxies": 1, "host": "0.0.0.0"}, "could"),  # noqa: S104
        ({"trusted_proxies": 1}, "could"),
    ],
)
def test_proxies_have_to_fit_the_address(set_up, changed, expected):
    """With https and none of them believed, everybody seems to be one visitor."""
    assert state(settings.proxies, set_up(**changed))[0] == expected


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, "good"),
        ({"metrics_token": KEY}, "good"),
        ({"metrics_from": "127.0.0.1"}, "good"),
        ({"metrics_from": "10.0.0.0/8", "public_url": PUBLIC}, "good"),
        ({"metrics_from": "127.0.0.0/8", "public_url": PUBLIC}, "bad"),
        ({"metrics_from": "0.0.0.0/0", "public_url": PUBLIC}, "bad"),
        ({"metrics_from": "127.0.0.0/8", "public_url": PUBLIC, "trusted_proxies": 1}, "good"),
    ],
)
def test_figures_that_a_proxy_would_show_to_the_world_are_a_fault(set_up, changed, expected):
    """Behind it everybody comes from this machine."""
    found = state(settings.figures, set_up(**changed))
    assert found[0] == expected
    assert KEY not in found[1]


@pytest.mark.sqlite
def test_an_old_schema_and_a_missing_guard_are_faults(set_up, runtime):
    """The program would not start on either."""
    assert state(database.database, set_up())[0] == "good"
    with runtime.database.writing(None) as session:
        session.execute(text("DROP TRIGGER appointment_one_patient_update"))
    found = state(database.database, set_up())
    assert (found[0], "two appointments of one patient" in found[1]) == ("bad", True)
    with runtime.database.writing(None) as session:
        session.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    assert "step 0001" in state(database.database, set_up())[1]


@pytest.mark.sqlite
def test_a_database_that_is_none_is_a_fault_and_stops_no_other_check(set_up, runtime, config):
    """Each part is looked at, and says that it could not be."""
    runtime.database.close()
    (config.instance / "planner.sqlite").write_bytes(b"this is no database" * 100)
    for ending in ("-wal", "-shm"):
        (config.instance / f"planner.sqlite{ending}").unlink(missing_ok=True)
    found = [finding for look in check.CHECKS for finding in check.looked(look, set_up(port=free_port()))]
    bad = {finding.about for finding in found if finding.state == "bad"}
    assert {"database", "clinic", "clock", "journal"} <= bad
    assert "disk" not in bad


@pytest.mark.sqlite
def test_a_journal_that_lets_readers_wait_is_a_fault(set_up, config, runtime):
    """As on a disk that allows no other."""
    assert state(database.journal, set_up())[0] == "good"

    class Reading:
        """A database whose connections are not set up as ours are."""

        url = runtime.database.url

        def reading(self, _clinic):
            return create_engine("sqlite://").connect()

    runtime = replace(runtime, database=Reading())
    assert state(database.journal, SetUp(config, runtime)) == (
        "bad", "its mode is memory, so that reading waits for writing",
    )  # fmt: skip


@pytest.mark.sqlite
def test_a_network_share_is_a_fault(set_up, tmp_path, monkeypatch):
    """The deepest mount point counts, and of two at one place the later."""
    mounts = tmp_path / "mounts"
    mounts.write_text(f"/dev/a / ext4 rw 0 0\nserver:/x {tmp_path} ext4 rw 0 0\nserver:/x {tmp_path} nfs4 rw 0 0\n")
    monkeypatch.setattr(database, "_MOUNTS", mounts)
    assert state(database.disk_kind, set_up())[0] == "bad"
    assert "nfs4" in state(database.disk_kind, set_up())[1]
    mounts.write_text("/dev/a / ext4 rw 0 0\nserver:/x /elsewhere nfs4 rw 0 0\n")
    assert state(database.disk_kind, set_up())[0] == "good"
    mounts.unlink()
    assert state(database.disk_kind, set_up())[0] == "good"


def test_a_clock_that_went_back_is_a_fault(set_up, clinic, runtime, clock):
    """What was done yesterday can't be done tomorrow."""
    with runtime.writing(clinic.system) as unit:
        unit.audit("test", "nothing")
    assert state(database.clock, set_up())[0] == "good"
    clock.advance(hours=-1)
    assert state(database.clock, set_up())[0] == "bad"


@pytest.mark.parametrize(("free", "expected"), [(10**6, "bad"), (5 * 10**8, "could"), (10**11, "good")])
def test_a_full_disk_is_a_fault(set_up, monkeypatch, free, expected):
    """And told some time before."""
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(running.shutil, "disk_usage", lambda _: usage(free, 0, free))
    assert state(machine.disk, set_up())[0] == expected


def test_a_folder_that_can_not_be_written_is_a_fault(set_up, config):
    """Root may write everywhere, so it is one that does not exist any more."""
    where = set_up()
    assert state(machine.writing, where)[0] == "good"
    gone = SetUp(replace(where.config, instance=config.instance / "gone"), where.runtime)
    assert state(machine.writing, gone)[0] == "bad"


def test_whoever_works_as_root_on_the_planners_folder_is_told(set_up, monkeypatch):
    """The lock that root makes stops the service at its next write."""
    monkeypatch.setattr(machine.os, "geteuid", lambda: 0)
    for owner, expected in ((0, "good"), (1000, "could")):
        monkeypatch.setattr(machine, "_owner", lambda _, owner=owner: owner)
        assert state(machine.writing, set_up())[0] == expected


def test_timers_that_fell_silent_are_a_fault(set_up, config, clock):
    """Those that never ran were perhaps not started yet."""
    assert state(machine.timers, set_up())[0] == "could"
    Pulse(pulse_file(config.instance), clock, {"tidy": timedelta(hours=1)})
    assert state(machine.timers, set_up())[0] == "good"
    clock.advance(minutes=10)
    assert state(machine.timers, set_up())[0] == "bad"


def test_a_server_that_is_not_ready_is_a_fault(set_up, app, config, runtime):
    """With its own words; one that is not there may be meant to rest."""
    where = set_up(port=free_port())
    assert state(machine.server, where)[0] == "could"
    server = Server(app, where.config)
    server.start()
    try:
        assert state(machine.server, where)[0] == "good"
        with runtime.database.writing(None) as session:
            session.execute(text("UPDATE alembic_version SET version_num = '0001'"))
        found = state(machine.server, where)
        assert (found[0], "step 0001" in found[1]) == ("bad", True)
    finally:
        server.finish()


def test_something_else_on_our_port_is_a_fault(set_up):
    """Another program's 404 is not our readiness."""

    def stranger(_environ, start_response):
        start_response("404 Not Found", [("Content-Length", "2")])
        return [b"no"]

    where = set_up(port=free_port())
    server = Server(stranger, where.config)
    server.start()
    try:
        assert "is it the planner?" in state(machine.server, where)[1]
    finally:
        server.finish()


def with_smtp(where, port, **changed):
    """The set-up with a mail server on this machine."""
    smtp = Smtp(host="127.0.0.1", port=port, security="none", sender="desk@clinic.example", **changed)
    mailer = SmtpMailer("127.0.0.1", port, "none", Mailbox.parse(smtp.sender), smtp.user, smtp.password, timeout=60)
    return SetUp(replace(where.config, smtp=smtp), replace(where.runtime, mailer=mailer))


def test_a_mail_server_that_does_not_answer_or_lets_nobody_in_is_a_fault(set_up):
    """Nothing is sent to find out."""
    clerk = Clerk()
    with mail_server(clerk) as port:
        assert state(mail.mail, with_smtp(set_up(), port))[0] == "good"
        assert state(mail.mail, with_smtp(set_up(), port, user="planner", password="wrong"))[0] == "bad"
    assert clerk.taken == []
    assert state(mail.mail, with_smtp(set_up(), port))[0] == "bad"


def test_mail_without_encryption_over_a_network_is_a_fault(set_up):
    """On the same machine it is none."""
    with mail_server(Clerk()) as port:
        where = with_smtp(set_up(), port)
        smtp = replace(where.config.smtp, host="mail.clinic.example")
        found = state(mail.mail, SetUp(replace(where.config, smtp=smtp), where.runtime))
    assert (found[0], "without encryption" in found[1]) == ("bad", True)


def test_a_test_message_is_sent_to_whoever_asked(set_up):
    """And its failure is a fault."""
    clerk = Clerk()
    with mail_server(clerk) as port:
        found = mail.send_test(with_smtp(set_up(), port), "mo@clinic.example")
    assert found.state == "good"
    assert clerk.taken[0].rcpt_tos == ["mo@clinic.example"]
    assert mail.send_test(with_smtp(set_up(), port), "mo@clinic.example").state == "bad"
    assert mail.send_test(set_up(), "no address").state == "bad"


def test_a_test_message_without_a_mail_server_goes_into_the_outtray(folder):
    """Where the clinic's own would go."""
    result = run("check", "--send-test", "mo@clinic.example")
    assert "✓ test message: to mo@clinic.example: written into" in result.output
    assert len(list((folder / "outtray").glob("*.eml"))) == 1


def test_files_of_the_pages_that_are_missing_are_a_fault(set_up, monkeypatch, tmp_path):
    """As in a checkout that was never set up."""
    monkeypatch.setattr(machine, "PARTS", ("htmx.min.js", "missing.js"))
    assert state(machine.static_files, set_up()) == ("bad", "missing: missing.js")
    monkeypatch.setattr(machine, "PARTS", ())
    assert state(machine.static_files, set_up())[0] == "good"
    monkeypatch.setattr(machine, "template_folder", lambda: tmp_path)
    assert state(machine.static_files, set_up()) == ("bad", "missing: templates")


def test_a_search_without_machine_code_is_told(set_up, monkeypatch):
    """It works, but slower."""
    monkeypatch.setattr(machine.fast, "missing", lambda: "numba is not installed (the extra `fast`)")
    assert state(machine.machine_code, set_up())[0] == "could"
    monkeypatch.setattr(machine.fast, "missing", lambda: "")
    assert state(machine.machine_code, set_up())[0] == "good"


@pytest.mark.parametrize(("now", "expected"), [(2027, "good"), (2028, "could")])
def test_time_zones_of_years_ago_are_told(set_up, monkeypatch, clock, now, expected):
    """Countries change their clocks at short notice; the newer of the system's and our own counts."""
    monkeypatch.setattr(machine, "system_version", lambda: "2026a")
    monkeypatch.setattr(machine.tzdata, "IANA_VERSION", "2025b")
    clock.set(clock.now().replace(year=now))
    assert state(machine.zones, set_up()) == (expected, "their rules are of 2026a")


def test_a_complaint_says_what_to_do():
    """And what is good says nothing more."""
    with pytest.raises(ValueError, match="to do"):
        Finding("bad", "disk", "it is full")
    with pytest.raises(ValueError, match="to do"):
        Finding("good", "disk", "all is well", "Nothing.")


def test_no_secret_is_printed(folder, monkeypatch):
    """Whoever needs help sends this to somebody."""
    monkeypatch.setenv("PLANNER_METRICS_TOKEN", "m" * 40)
    monkeypatch.setenv("PLANNER_SECRET_KEY", KEY)
    monkeypatch.setenv("PLANNER_SMTP_HOST", "127.0.0.1")
    monkeypatch.setenv("PLANNER_SMTP_PORT", str(free_port()))
    monkeypatch.setenv("PLANNER_SMTP_SENDER", "desk@clinic.example")
    monkeypatch.setenv("PLANNER_SMTP_USER", "planner")
    monkeypatch.setenv("PLANNER_SMTP_PASSWORD", "hushhush")
    for words in (["check"], ["check", "--json"]):
        output = run(*words).output
        assert "m" * 40 not in output
        assert KEY not in output
        assert "hushhush" not in output

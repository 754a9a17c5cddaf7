"""Where settings come from, and what is said when one cannot work."""

import stat
import subprocess
import sys
from pathlib import Path

import pytest

from planner import config as settings
from planner.config import Config, Imap, Smtp
from planner.errors import InvalidInput, StorageFailed

KEY = "k" * 32
IMAP = """
reply_address = "replies@clinic.example"
[imap]
host = "mail.example"
user = "planner"
password = "hushhush"
""".strip()
PRINT_KEY = """
import os, pathlib
from planner.config import Config
print(Config.load(os.environ, pathlib.Path()).secret_key)
"""


def load(instance: Path, toml: str = "", **variables: str) -> Config:
    """The settings with this settings.toml and these PLANNER_ variables."""
    instance.mkdir(exist_ok=True)
    (instance / "settings.toml").write_text(toml, encoding="utf-8")
    environ = {f"PLANNER_{name}": value for name, value in variables.items()}
    return Config.load({"PLANNER_INSTANCE": str(instance), **environ}, instance)


def test_without_any_setting_a_clinic_runs_embedded_on_its_own_machine(tmp_path: Path) -> None:
    """One process, SQLite in the instance folder, timers inside, messages into the outtray."""
    config = Config.load({"PLANNER_INSTANCE": "clinic"}, tmp_path)
    assert config.instance == tmp_path / "clinic"
    assert config.database_url == f"sqlite:///{tmp_path}/clinic/planner.sqlite"
    assert config.base_url == "http://127.0.0.1:8000"
    assert config.timers
    assert config.smtp is None
    assert config.outtray == tmp_path / "clinic" / "outtray"


def test_the_instance_folder_is_the_checkouts_own_unless_another_is_named(tmp_path: Path) -> None:
    """Started from anywhere, a checkout finds the same data."""
    checkout = settings.checkout_folder()
    assert checkout is not None
    assert settings.instance_folder({}, tmp_path) == checkout / "instance"
    assert settings.instance_folder({"PLANNER_INSTANCE": "a"}, tmp_path) == tmp_path / "a"


def test_an_installed_planner_keeps_its_data_where_it_is_started(tmp_path: Path) -> None:
    """From a wheel there is no checkout, and the templates lie inside the package."""
    package = tmp_path / "lib" / "planner"
    (package / "_templates").mkdir(parents=True)
    assert settings.instance_folder({}, tmp_path, package) == tmp_path / "instance"
    assert settings.template_folder(package) == package / "_templates"


def test_in_a_checkout_the_templates_lie_beside_the_package() -> None:
    """They can be edited without a build."""
    checkout = settings.checkout_folder()
    assert checkout is not None
    assert settings.template_folder() == checkout / "templates"


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    """So one start can differ without an edit; an empty variable changes nothing."""
    config = load(tmp_path, 'port = 8001\nhost = "0.0.0.0"\ntimers = false', PORT="8002", HOST="")
    assert (config.port, config.host, config.timers) == (8002, "0.0.0.0", False)  # noqa: S104


def test_mail_goes_through_the_server_that_the_file_names(tmp_path: Path) -> None:
    """The port follows from the kind of encryption."""
    config = load(tmp_path, '[smtp]\nhost = "mail.example"\nsender = "desk@clinic.example"', SMTP_SECURITY="ssl")
    assert config.smtp == Smtp(host="mail.example", port=465, security="ssl", sender="desk@clinic.example")


def test_answers_are_read_from_the_folder_that_the_file_names(tmp_path: Path) -> None:
    """Encrypted from the first byte, unless another way is given."""
    assert load(tmp_path).imap is None
    config = load(tmp_path, IMAP)
    assert config.imap == Imap(host="mail.example", port=993, security="ssl", user="planner", password="hushhush")
    assert "hushhush" not in repr(config)


@pytest.mark.parametrize(
    ("host", "address"),
    [("0.0.0.0", "http://127.0.0.1:81"), ("::", "http://[::1]:81"), ("desk.lan", "http://desk.lan:81")],  # noqa: S104
)
def test_links_name_an_address_that_can_be_opened(tmp_path: Path, host: str, address: str) -> None:
    """Nobody can open 0.0.0.0 or an IPv6 address without its brackets."""
    assert load(tmp_path, HOST=host, PORT="81").base_url == address


def test_links_use_the_public_address_when_there_is_one(tmp_path: Path) -> None:
    """Behind a proxy the server does not know its own name."""
    assert load(tmp_path, BASE_URL="https://planner.example.org/").base_url == "https://planner.example.org"


@pytest.mark.parametrize(
    ("toml", "field"),
    [
        ("port = 0", "port"),
        ('port = "eighty"', "port"),
        ("port = true", "port"),
        ("host = 5", "host"),
        ("threads = 0", "threads"),
        ("trusted_proxies = -1", "trusted_proxies"),
        ("port = 80.5", "port"),
        ('timers = "sometimes"', "timers"),
        ('secret_key = "short"', "secret_key"),
        ('database_url = "postgresql://localhost/planner"', "database_url"),
        ('database_url = "postgresql+psycopg://localhost"', "database_url"),
        ('database_url = "postgresql+psycopg://localhost:99999/planner"', "database_url"),
        ('database_url = "postgresql+psycopg://a\\nb/planner"', "database_url"),
        ('database_url = "sqlite:///relative.sqlite"', "database_url"),
        ('database_url = "sqlite:////srv/planner.sqlite?mode=ro"', "database_url"),
        ('base_url = "planner.example.org"', "base_url"),
        ('base_url = "https://planner.example.org:99999"', "base_url"),
        ('base_url = "https://planner.example.org/sub"', "base_url"),
        ('base_url = "https://["', "base_url"),
        ("smtp = 5", "smtp"),
        ('[smtp]\nsender = "desk@clinic.example"', "smtp.host"),
        ('[smtp]\nhost = "mail.example"', "smtp.sender"),
        ('[smtp]\nhost = "mail.example"\nsender = "desk"', "smtp.sender"),
        ('[smtp]\nhost = "mail.example"\nsender = "a@b\\r\\nBcc: c@d"', "smtp.sender"),
        ('[smtp]\nhost = "mail.example"\nsender = "a@b"\nuser = "a"', "smtp.user"),
        ('[smtp]\nhost = "mail.example"\nsender = "a@b"\nport = 70000', "smtp.port"),
        ('[smtp]\nhost = "mail.example"\nsender = "a@b"\nsecurity = "tls"', "smtp.security"),
        ('colour = "blue"', "colour"),
        ("[smtp]\nhosts = 1", "smtp.hosts"),
        ("imap = 5", "imap"),
        ('[imap]\nhost = "mail.example"\nuser = "planner"', "imap.password"),
        (f"{IMAP}\nport = 0", "imap.port"),
        (f'{IMAP}\nsecurity = "tls"', "imap.security"),
        (f'{IMAP}\nfolder = "a\\r\\nb"', "imap.folder"),
        (IMAP.partition("\n")[2], "reply_address"),
        ("port = ", "settings.toml"),
    ],
)
def test_a_setting_that_cannot_work_is_named(tmp_path: Path, toml: str, field: str) -> None:
    """Refused at the start rather than found out when the first message fails."""
    with pytest.raises(InvalidInput) as refusal:
        load(tmp_path, toml)
    assert refusal.value.field == field
    assert field in refusal.value.message


def test_the_secret_key_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    """A new key at each start would sign everybody out."""
    first, second = load(tmp_path), load(tmp_path)
    assert first.secret_key == second.secret_key
    assert stat.S_IMODE((tmp_path / "secret_key").stat().st_mode) == 0o600


def test_nobody_else_on_the_machine_looks_into_a_new_instance_folder(tmp_path: Path) -> None:
    """The database, the outtray and the plans lie there; one that was there before is left as it is."""
    Config.load({"PLANNER_INSTANCE": "fresh"}, tmp_path)
    assert stat.S_IMODE((tmp_path / "fresh").stat().st_mode) == 0o700
    (tmp_path / "opened").mkdir(mode=0o750)
    load(tmp_path / "opened")
    assert stat.S_IMODE((tmp_path / "opened").stat().st_mode) == 0o750


def test_processes_that_start_at_once_share_one_secret_key(tmp_path: Path) -> None:
    """Else each would refuse the other's sessions."""
    start = [sys.executable, "-c", PRINT_KEY]
    environ = {"PLANNER_INSTANCE": str(tmp_path / "new")}
    running = [subprocess.Popen(start, env=environ, stdout=subprocess.PIPE, text=True) for _ in range(8)]
    keys = {process.communicate(timeout=60)[0] for process in running}
    assert len(keys) == 1
    assert len(keys.pop().strip()) == 64


def test_a_key_file_left_empty_by_a_stopped_start_is_filled(tmp_path: Path) -> None:
    """A process may be killed between making the file and writing it."""
    (tmp_path / "secret_key").touch(mode=0o600)
    assert len(load(tmp_path).secret_key) == 64


def test_an_instance_folder_that_cannot_be_used_is_refused(tmp_path: Path) -> None:
    """A file in its place, or a key that is no text, is said and not traced back."""
    (tmp_path / "file").touch()
    with pytest.raises(InvalidInput, match="instance folder"):
        Config.load({"PLANNER_INSTANCE": str(tmp_path / "file")}, tmp_path)
    (tmp_path / "secret_key").write_bytes(b"\xff")
    with pytest.raises(StorageFailed, match="secret key"):
        load(tmp_path)


def test_no_secret_is_printed_with_the_settings(tmp_path: Path) -> None:
    """Settings end up in logs and error reports."""
    config = load(tmp_path, '[smtp]\nhost = "m"\nsender = "a@b"\nuser = "u"\npassword = "hushhush"', SECRET_KEY=KEY)
    assert KEY not in repr(config)
    address = "postgresql+psycopg://planner:{}@db.example.org/planner"
    assert "hushhush" not in repr(load(tmp_path, DATABASE_URL=address.format("hushhush")))
    with pytest.raises(InvalidInput) as refusal:
        load(tmp_path, DATABASE_URL="postgres://planner:hushhush@db.example.org/planner")
    assert "hushhush" not in refusal.value.message
    assert "hushhush" not in repr(config)


def test_who_may_read_what_is_measured_is_set_as_networks_and_as_a_token(tmp_path: Path) -> None:
    """Nobody, where nothing is set."""
    assert load(tmp_path).metrics_networks == ()
    config = load(tmp_path, METRICS_FROM="127.0.0.1, 10.0.0.0/8,::1", METRICS_TOKEN=KEY)
    assert [str(network) for network in config.metrics_networks] == ["127.0.0.1/32", "10.0.0.0/8", "::1/128"]
    assert KEY not in repr(config)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("METRICS_FROM", "everybody"),
        ("METRICS_FROM", "10.0.0.1/8"),
        ("METRICS_TOKEN", "short"),
        ("LOG_FORMAT", "xml"),
        ("DRAIN_SECONDS", "301"),
        ("WORKER_PORT", "65536"),
    ],
)
def test_a_setting_of_what_looks_after_the_server_must_make_sense(tmp_path: Path, name: str, value: str) -> None:
    """It is named."""
    with pytest.raises(InvalidInput, match=name.lower()):
        load(tmp_path, **{name: value})


def test_earlier_secret_keys_stand_in_a_list_or_in_one_line(tmp_path: Path) -> None:
    """And none of them is shown by mistake."""
    one, other = "o" * 32, "p" * 32
    from_file = load(tmp_path, f'secret_key_fallbacks = ["{one}", "{other}"]')
    assert from_file.secret_key_fallbacks == (one, other)
    assert load(tmp_path, "", SECRET_KEY_FALLBACKS=f"{other} {one}").secret_key_fallbacks == (other, one)
    assert load(tmp_path, "").secret_key_fallbacks == ()
    assert one not in repr(from_file)


@pytest.mark.parametrize("written", ["secret_key_fallbacks = 5", "secret_key_fallbacks = [5]"])
def test_earlier_secret_keys_that_are_none_are_refused_without_being_shown(tmp_path: Path, written: str) -> None:
    """A list of texts, each long enough."""
    with pytest.raises(InvalidInput) as refusal:
        load(tmp_path, written)
    assert refusal.value.field == "secret_key_fallbacks"
    with pytest.raises(InvalidInput) as refusal:
        load(tmp_path, 'secret_key_fallbacks = ["much-too-short"]')
    assert "much-too-short" not in refusal.value.message

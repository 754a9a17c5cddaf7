"""docs/deployment.md and docs/settings.md say what is so: each command, each file, each setting."""

import importlib.util
import re

import pytest

from planner.cli import COMMANDS
from planner.config import IMAP_PORTS, SMTP_PORTS, Config
from planner.settings import KEYS
from tests.deploy.commands import ROOT, check_known, named_in, planner_words, shell_lines

DEPLOYMENT = ROOT / "docs" / "deployment.md"
SETTINGS = ROOT / "docs" / "settings.md"
LINES = list(shell_lines(DEPLOYMENT))
# What else an operator needs, all of it on any Debian but docker.
PROGRAMS = {"alias", "docker", "export", "install", "ln", "planner", "python3", "runuser", "systemctl", "useradd"}


def test_the_document_has_commands():
    """Else the tests below would look at nothing."""
    assert len(LINES) > 20
    assert sum(planner_words(words) is not None for words in LINES) > 8


@pytest.mark.parametrize("words", LINES, ids=" ".join)
def test_every_command_of_the_document_exists(words):
    """The planner's with their options, others by their name."""
    mine = planner_words(words)
    if mine is not None:
        check_known(mine)
    elif not words[0].startswith("/opt/planner"):
        assert words[0] in PROGRAMS


@pytest.mark.parametrize("words", LINES, ids=" ".join)
def test_every_file_that_a_command_takes_is_in_the_checkout(words):
    """And every module, and every unit."""
    for word in words:
        if word.startswith("deploy/") or word == "requirements.lock":
            assert (ROOT / word).exists(), word
        if word.startswith("planner."):
            assert importlib.util.find_spec(word), word
    if words[:2] in (["systemctl", "restart"], ["systemctl", "enable"], ["systemctl", "disable"]):
        units = [word for word in words[2:] if not word.startswith("-")]
        for unit in units:
            name = re.sub(r"@\d+$", "@", unit)
            assert (ROOT / "deploy" / "systemd" / f"{name}.service").is_file(), unit


@pytest.mark.parametrize(
    "words", [["serve", "--colour"], ["check", "--sent-test", "a"], ["db", "downgrade"], ["backups"], ["db"]]
)
def test_a_command_that_does_not_exist_would_be_found(words):
    """So the tests above mean something."""
    with pytest.raises(AssertionError):
        check_known(words)


@pytest.mark.parametrize("document", sorted((ROOT / "docs").glob("*.md")), ids=lambda path: path.name)
def test_every_command_that_a_document_names_exists(document):
    """In passing, too."""
    assert named_in(document.read_text(encoding="utf-8")) <= COMMANDS.keys()


def documented():
    """The rows of the tables in docs/settings.md: {setting: default as it is written}."""
    rows = re.findall(r"^\| `([a-z_.]+)` \| (.*?) \| ", SETTINGS.read_text(encoding="utf-8"), re.MULTILINE)
    assert len(rows) == len(dict(rows)), "a setting twice"
    return dict(rows)


def test_every_setting_is_documented_and_every_documented_one_exists():
    """A new one in planner/config.py needs its row in docs/settings.md."""
    assert documented().keys() == KEYS


def test_the_defaults_are_those_of_the_program(tmp_path):
    """As far as they are plain values."""
    config = Config.load({"PLANNER_INSTANCE": str(tmp_path)}, tmp_path)
    shown = {name: found[1:-1] for name, found in documented().items() if re.fullmatch(r"`[^`]*`", found)}
    plain = {name: value for name, value in shown.items() if "." not in name}
    assert {"host", "port", "threads", "timers", "log_format", "drain_seconds"} <= plain.keys()
    for name, value in plain.items():
        real = getattr(config, name)
        assert value == (str(real).lower() if isinstance(real, bool) else str(real)), name
    ports = {kind: ", ".join(map(str, sorted(set(table.values()), reverse=True))) for kind, table in PORTS.items()}
    for kind, words in ports.items():
        numbers = re.findall(r"\d+", documented()[f"{kind}.port"])
        assert sorted(numbers) == sorted(words.split(", "))


PORTS = {"smtp": SMTP_PORTS, "imap": IMAP_PORTS}


def test_the_deployment_page_leads_to_the_settings():
    """They stand in one place only."""
    text = DEPLOYMENT.read_text(encoding="utf-8")
    assert "(settings.md)" in text
    assert "| `threads` |" not in text

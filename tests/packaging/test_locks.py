"""The locks: what they promise, and that they are not forgotten when a dependency changes."""

import json
import re
import subprocess
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
RUNTIME = PROJECT["project"]["dependencies"]
GROUPS = PROJECT["dependency-groups"]
LOCKS = {
    "requirements.lock": RUNTIME,
    "requirements-dev.lock": RUNTIME + GROUPS["dev"],
    "tools/requirements-setup.lock": GROUPS["setup"],
    "tools/requirements-node.lock": GROUPS["node"],
    "tests/clients/requirements.lock": (ROOT / "tests/clients/requirements.in").read_text().split(),
}


def pins(lock: str) -> dict[str, set[str]]:
    """The versions that a lock pins, by package; more than one where they differ by Python version."""
    found: dict[str, set[str]] = {}
    for name, version in re.findall(r"^([\w.-]+)==([^\s;]+)", (ROOT / lock).read_text(), re.MULTILINE):
        found.setdefault(canonicalize_name(name), set()).add(version)
    return found


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_pins_every_declared_package_at_a_version_that_is_allowed(lock: str) -> None:
    """A changed pyproject.toml needs `make lock`."""
    pinned = pins(lock)
    for requirement in map(Requirement, LOCKS[lock]):
        versions = pinned.get(canonicalize_name(requirement.name), set())
        assert versions, f"{requirement} is not in {lock}: run `make lock`"
        assert all(requirement.specifier.contains(version) for version in versions), f"{requirement}: run `make lock`"


@pytest.mark.parametrize("lock", LOCKS)
def test_every_pinned_package_has_a_hash_and_no_host(lock: str) -> None:
    """Whoever installs chooses the index; the hash makes sure that it is the same package."""
    text = (ROOT / lock).read_text()
    entries = re.split(r"^(?=\S)", text, flags=re.MULTILINE)
    assert all("--hash=sha256:" in entry for entry in entries if entry.strip())
    assert "://" not in text


def test_the_tests_run_on_the_versions_that_are_shipped() -> None:
    """Else a green test says nothing about what a clinic installs."""
    tested = pins("requirements-dev.lock")
    assert {name: tested.get(name) for name in pins("requirements.lock")} == pins("requirements.lock")


@pytest.mark.parametrize("folder", [ROOT, ROOT / "tests/clients"])
def test_npm_packages_are_pinned_with_their_hashes_and_no_host(folder: Path) -> None:
    """npm checks the hash whichever registry it asks."""
    declared = json.loads((folder / "package.json").read_text())["dependencies"]
    packages = json.loads((folder / "package-lock.json").read_text())["packages"]
    assert packages[""]["dependencies"] == declared
    assert all("integrity" in entry and "resolved" not in entry for name, entry in packages.items() if name)


def test_make_help_names_every_command() -> None:
    """A target without its line of help would never be found."""
    makefile = (ROOT / "Makefile").read_text()
    targets = re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    assert targets is not None
    shown = subprocess.run(
        ["make", "--no-print-directory", "help"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert re.findall(r"^  make (\S+)", shown.stdout, re.MULTILINE) == targets.group(1).split()


def test_set_up_refuses_a_part_that_it_does_not_know() -> None:
    """A typing mistake in the Makefile must not pass as done."""
    tried = subprocess.run([ROOT / "tools/setup.sh", "runtimes"], capture_output=True, text=True, timeout=60)
    assert tried.returncode == 1
    assert "runtimes" in tried.stderr

"""The newest time zone rules win, wherever they come from."""

import zoneinfo
from pathlib import Path

import pytest
import tzdata

from planner.zones import prefer_newest_rules, system_version


@pytest.fixture
def system_rules(tmp_path: Path):
    """A system's folder of rules of a given edition, put back after the test."""
    before = zoneinfo.TZPATH

    def of(edition: str) -> None:
        (tmp_path / "tzdata.zi").write_text(f"# version {edition}\n")
        zoneinfo.reset_tzpath(to=[str(tmp_path)])

    yield of
    zoneinfo.reset_tzpath(to=before)
    zoneinfo.ZoneInfo.clear_cache()


def test_an_old_system_is_not_asked(system_rules):
    """Rules of 2020 give way to the packaged ones, and zones are still found."""
    system_rules("2020a")
    prefer_newest_rules()
    assert zoneinfo.TZPATH == ()
    assert zoneinfo.ZoneInfo("Europe/London").key == "Europe/London"


def test_a_system_with_the_same_or_newer_rules_is_kept(system_rules):
    """An operator who updates the system sees its rules used."""
    system_rules("2099z")
    prefer_newest_rules()
    assert zoneinfo.TZPATH != ()


def test_a_system_without_rules_falls_back_to_the_package(system_rules, tmp_path):
    """No listing says nothing, so the packaged edition counts as newer."""
    zoneinfo.reset_tzpath(to=[str(tmp_path)])
    assert system_version() == "" < tzdata.IANA_VERSION

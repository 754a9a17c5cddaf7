"""The calendar programs are there before the first test of this folder runs."""

import subprocess
from pathlib import Path

import pytest


@pytest.fixture(scope="session", autouse=True)
def _installed_programs() -> None:
    """Install them, or find them installed; where that fails the tests fail, none is skipped."""
    subprocess.run(["bash", str(Path(__file__).parent / "install.sh")], check=True)

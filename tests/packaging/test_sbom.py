"""What the planner is made of, as one file: whole, valid, the same each time, and without a host."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from cyclonedx.schema import OutputFormat, SchemaVersion
from cyclonedx.validation import make_schemabased_validator
from packaging.utils import canonicalize_name

from tests.packaging.test_locks import pins

ROOT = Path(__file__).resolve().parents[2]


def made(folder):
    """The file, as `make sbom` writes it."""
    out = folder / "sbom.cdx.json"
    subprocess.run([sys.executable, "tools/sbom.py", out], cwd=ROOT, check=True, capture_output=True, timeout=120)
    return out.read_text()


@pytest.fixture(scope="module")
def text(tmp_path_factory):
    """Written once."""
    return made(tmp_path_factory.mktemp("sbom"))


@pytest.mark.wide
def test_it_names_every_locked_package_with_its_hashes(text):
    """Those of Python and those of the pages, at the versions that are shipped."""
    parts = json.loads(text)["components"]
    assert {(canonicalize_name(part["name"]), part["version"]) for part in parts if "pypi" in part["purl"]} == {
        (name, version) for name, versions in pins("requirements.lock").items() for version in versions
    }
    browser = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    assert {part["name"] for part in parts if "npm" in part["purl"]} == {
        name.removeprefix("node_modules/") for name in browser if name
    }
    assert all(part["hashes"] for part in parts)


@pytest.mark.wide
def test_it_is_cyclonedx(text):
    """By the schema itself."""
    validator = make_schemabased_validator(OutputFormat.JSON, SchemaVersion.V1_6)
    assert validator.validate_str(text) is None
    assert validator.validate_str(text.replace('"specVersion"', '"specversion"')) is not None


@pytest.mark.wide
def test_it_is_the_same_each_time_and_names_no_host(text, tmp_path):
    """Whoever installs chooses the index."""
    assert made(tmp_path) == text
    assert "https://" not in text.replace("http://cyclonedx.org/schema", "")

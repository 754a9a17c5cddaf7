"""The wheel: built, looked into, and run where there is no checkout."""

import os
import shutil
import socket
import subprocess
import sys
import sysconfig
import time
import urllib.error
import urllib.request
import venv
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
STARTS_WITHIN_SECONDS = 60

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [BIN / "hatchling", "build", "-t", "wheel", "-d", folder]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True, timeout=120)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def elsewhere(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder far from the checkout with an environment, `here`, in which the wheel is installed.

    The packages it depends on are the tested ones: a .pth file shows them to it, without the checkout, as Python does
    not follow the .pth files inside a folder that a .pth file names.
    """
    folder = tmp_path_factory.mktemp("elsewhere")
    venv.create(folder / "here", symlinks=True)
    packages = Path(sysconfig.get_path("purelib", vars={"base": str(folder / "here")}))
    (packages / "tested_packages.pth").write_text(sysconfig.get_path("purelib"))
    python = folder / "here" / "bin" / "python"
    install = [BIN / "uv", "pip", "install", "--offline", "--no-deps", "--python", python, wheel]
    subprocess.run(install, check=True, capture_output=True, timeout=120)
    return folder


def planner(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the installed `planner` in a folder, as a clinic would."""
    command = [folder / "here" / "bin" / "planner", *arguments]
    return subprocess.run(command, cwd=folder, env=environment(), capture_output=True, text=True, timeout=120)


def environment() -> dict[str, str]:
    """This one without what would lead the program back to the checkout."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("PLANNER_", "PYTHON"))}


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address of the installed planner's server; it is stopped afterwards."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [folder / "here" / "bin" / "planner", "serve", "--port", str(port)]
    with (folder / "serve.log").open("w") as log:
        process = subprocess.Popen(command, cwd=folder, env=environment(), stdout=log, stderr=subprocess.STDOUT)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=30)


def first_answer(address: str, log: Path) -> str:
    """The first page, once the server is up."""
    last_moment = time.monotonic() + STARTS_WITHIN_SECONDS
    while time.monotonic() < last_moment:
        try:
            with urllib.request.urlopen(address, timeout=10) as answer:
                return str(answer.read(), "utf-8")
        except urllib.error.HTTPError as error:
            pytest.fail(f"{address} answered {error.code}: {log.read_text()}")
        except OSError:
            time.sleep(0.1)
    return pytest.fail(f"nothing answered at {address}: {log.read_text()}")


def beneath(folder: Path, start: Path) -> set[str]:
    """The files beneath a folder of the checkout, as paths from `start`, without what Python and numba compiled."""
    files = (path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {str(path.relative_to(start)) for path in files}


def test_the_wheel_holds_the_package_with_its_data_templates_and_scripts(wheel: Path) -> None:
    """Everything of planner/ and templates/, and htmx, which git does not know."""
    names = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    templates = {f"planner/_templates/{name}" for name in beneath(ROOT / "templates", ROOT / "templates")}
    assert "planner/static/vendor/htmx.min.js" in names, "run `make setup` first: it fetches htmx"
    assert beneath(ROOT / "planner", ROOT) <= names
    assert templates <= names


def test_the_wheel_holds_no_data_and_no_tests(wheel: Path) -> None:
    """A clinic's database or key must never be packed by accident."""
    tops = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"planner"}


def test_the_wheel_holds_nothing_that_was_compiled_here(wheel: Path) -> None:
    """Bytecode and machine code of this computer would be stale or wrong on another."""
    names = zipfile.ZipFile(wheel).namelist()
    assert [name for name in names if "__pycache__" in name or name.endswith((".pyc", ".nbi", ".nbc", ".mark"))] == []


def test_the_installed_program_is_the_wheels_and_not_the_checkouts(elsewhere: Path) -> None:
    """Else the tests below would prove nothing."""
    where = [elsewhere / "here" / "bin" / "python", "-c", "import planner; print(planner.__file__)"]
    printed = subprocess.run(where, cwd=elsewhere, env=environment(), capture_output=True, text=True, check=True).stdout
    assert Path(printed).is_relative_to(elsewhere / "here")


def test_the_installed_program_says_what_it_can_do(elsewhere: Path) -> None:
    """The commands that the documents name are there."""
    answer = planner(elsewhere, "--help")
    assert answer.returncode == 0, answer.stderr
    assert {"serve", "worker", "demo", "estimate", "plan", "schedule", "sweep", "db"} <= set(answer.stdout.split())


def test_the_installed_program_makes_a_demo_clinic_and_serves_it(elsewhere: Path) -> None:
    """Twice, as after a stop; the data lie where it was started, and the second start finds them."""
    shutil.rmtree(elsewhere / "instance", ignore_errors=True)
    for _ in range(2):
        made = planner(elsewhere, "demo")
        assert made.returncode == 0, made.stderr
        with served(elsewhere) as address:
            page = first_answer(address, elsewhere / "serve.log")
            script = first_answer(f"{address}/static/vendor/htmx.min.js", elsewhere / "serve.log")
        assert "<html" in page
        assert "htmx" in script
    assert (elsewhere / "instance" / "planner.sqlite").is_file()

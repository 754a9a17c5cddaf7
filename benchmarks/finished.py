"""Finished runs kept in a file, so that an interrupted benchmark goes on where it was."""

import hashlib
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
ROOT = HERE.parent
PLANNER = ROOT / "planner"
LOCK = ROOT / "requirements-dev.lock"
PAGE_ONLY = ("__main__.py", "finished.py", "limits.py", "machine.py", "picture.py")
"""These only write down what was measured."""
WHOLE_PROGRAM = ("proposing",)
"""What is measured through the services and the database; all else is the engine alone."""


class SourcesChanged(Exception):
    """Something that the results depend on is not what it was when the run began."""


class Finished:
    """What was measured, by name, as JSON values. Runs of other sources or another share of the time are forgotten.

    Args:
        path: the file, which need not exist.
        share: the share of the time that every search has.
        anew: forget everything.
        digest: says by name what a measurement depends on.
    """

    def __init__(
        self, path: Path, share: float, *, anew: bool = False, digest: Callable[[str], str] | None = None
    ) -> None:
        self._path, self._share, self._digest = path, share, digest or sources
        self._begun: dict[str, str] = {}
        self._runs: dict[str, Any] = {}
        if path.is_file() and not anew:
            kept = json.loads(path.read_text(encoding="utf-8"))
            self._runs = kept["runs"] if kept.get("share") == share else {}

    def get(self, name: str, measure: Callable[[], Any]) -> Any:
        """Return what was measured under this name; measure and keep it if it was not yet.

        Raises:
            SourcesChanged: what it depends on changed since the run began, so that results would be mixed.
        """
        of = self._unchanged(name)
        kept = self._runs.get(name)
        if kept is None or kept["of"] != of:
            value = measure()
            self._unchanged(name)
            self._runs[name] = kept = {"of": of, "value": value}
            self._write()
        return kept["value"]

    def _unchanged(self, name: str) -> str:
        kind = name if name in WHOLE_PROGRAM else ""
        now = self._digest(kind)
        if self._begun.setdefault(kind, now) != now:
            raise SourcesChanged("The sources changed while they were measured; start again.")
        return now

    def _write(self) -> None:
        text = json.dumps({"share": self._share, "runs": self._runs}, indent=1)
        beside = self._path.with_suffix(".new")
        beside.write_text(text, encoding="utf-8")
        # Whoever interrupts the writing finds the file as it was before.
        beside.replace(self._path)


def sources(name: str) -> str:
    """Return a digest of all that a measurement depends on: our code, the packages it uses, and Python."""
    whole = name in WHOLE_PROGRAM
    ours = PLANNER.rglob("*.py") if whole else [*engine()]
    measures = (path for path in HERE.glob("*.py") if path.name not in PAGE_ONLY)
    digest = hashlib.sha256(sys.version.encode())
    for path in sorted({*ours, *measures, LOCK}):
        digest.update(f"{path.relative_to(ROOT)}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def engine() -> list[Path]:
    """Return the modules of the engine and those below it."""
    below = (PLANNER / name for name in ("errors.py", "languages.py", "zones.py"))
    return [*(PLANNER / "scheduling").glob("*.py"), *(PLANNER / "diary").glob("*.py"), *below]

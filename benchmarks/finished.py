"""Finished runs kept in a file, so that an interrupted benchmark goes on where it was."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
SCHEDULING = HERE.parent / "planner" / "scheduling"
MEASURES = ("baselines.py", "cp_sat.py", "make_clinic.py", "propose.py", "repair.py")


class Finished:
    """What was measured, by name, as JSON values. Runs of other sources or another share of the time are forgotten.

    Args:
        path: the file, which need not exist.
        share: the share of the time that every search has.
        anew: forget everything.
    """

    def __init__(self, path: Path, share: float, *, anew: bool = False) -> None:
        self._path, self._of = path, {"sources": sources(), "share": share}
        self._runs: dict[str, Any] = {}
        if path.is_file() and not anew:
            kept = json.loads(path.read_text(encoding="utf-8"))
            if kept["of"] == self._of:
                self._runs = kept["runs"]

    def get(self, name: str, measure: Callable[[], Any]) -> Any:
        """Return what was measured under this name; measure and keep it if it was not yet."""
        if name not in self._runs:
            self._runs[name] = measure()
            self._write()
        return self._runs[name]

    def _write(self) -> None:
        text = json.dumps({"of": self._of, "runs": self._runs}, indent=1)
        beside = self._path.with_suffix(".new")
        beside.write_text(text, encoding="utf-8")
        # Whoever interrupts the writing finds the file as it was before.
        beside.replace(self._path)


def sources() -> str:
    """Return a digest of what is measured."""
    files = *sorted(SCHEDULING.glob("*.py")), *(HERE / name for name in MEASURES)
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()

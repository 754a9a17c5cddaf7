"""Measures what many clinics cost and writes benchmarks/SCALE.md; `make bench-scale`.

usage: python -m benchmarks.scale [--share 1.0] [--minutes 15] [--rounds 100] [--database postgresql|sqlite]
                                  [--only pages|year] [--page FILE] [--machine-price 25] [--gigabyte-price 0.3]

The page is written after each part from what is kept beside it as JSON, so that a part that was stopped loses nothing
of the other; the figures that docs/scale.md quotes are written there too. `--share 0.02` makes the large databases and
the number of silent clinics so much smaller.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.machine import machine
from benchmarks.scale import pages, year
from benchmarks.scale.arithmetic import Assumed
from benchmarks.scale.rates import BUSY
from benchmarks.scale.report import DOCUMENT, page, quote
from benchmarks.scale.template import live

HERE = Path(__file__).parents[1]
PAGE = HERE / "SCALE.md"
WEEKS, CLINICS = 26, 1000


def wish_of(words: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--share", type=float, default=1.0)
    ask.add_argument("--minutes", type=float, default=15.0)
    ask.add_argument("--rounds", type=int, default=100)
    ask.add_argument("--weeks", type=int, default=WEEKS, help="how long the clinic lives of which all are copies")
    ask.add_argument("--database", choices=("postgresql", "sqlite"), default="postgresql")
    ask.add_argument("--only", choices=("pages", "year"))
    ask.add_argument("--page", type=Path, default=PAGE)
    usual = Assumed()
    ask.add_argument("--machine-price", type=float, default=usual.machine, help="euros a month for two cores")
    ask.add_argument("--gigabyte-price", type=float, default=usual.gigabyte, help="euros a month, backups included")
    return ask.parse_args(words)


def main(words: list[str] | None = None) -> None:
    """Measure what is wished, and write the page after each part."""
    wish = wish_of(words)
    kept = _Kept(wish.page, Assumed(machine=wish.machine_price, gigabyte=wish.gigabyte_price))
    begin = time.perf_counter()
    template = live(BUSY, wish.weeks)
    print(f"a clinic has lived {wish.weeks} weeks in {time.perf_counter() - begin:.0f} s", file=sys.stderr, flush=True)
    if wish.only != "year":
        found = pages.measure(template, wish.database, pages.plans(wish.share), wish.rounds)
        found.proportions = {name: count / template.written["appointment"] for name, count in template.written.items()}
        kept.keep("pages", found.to_json(), wish.share)
    if wish.only != "pages" and wish.database == "postgresql":
        with tempfile.TemporaryDirectory() as folder:
            lived = year.simulate(template, Path(folder), max(2, round(CLINICS * wish.share)), wish.minutes)
        kept.keep("year", lived.to_json(), wish.share)
    print(wish.page.read_text())


class _Kept:
    """Results beside the page, part by part, each with the state of the sources that it is of."""

    def __init__(self, path: Path, assumed: Assumed) -> None:
        self._page, self._file, self._assumed = path, path.with_name("scale.json"), assumed

    def keep(self, part: str, found: dict[str, Any], share: float) -> None:
        """Keep a part and write the page anew."""
        parts = json.loads(self._file.read_text()) if self._file.is_file() else {}
        parts[part] = {
            "found": found, "share": share, "commit": commit(), "machine": machine(),
            "at": datetime.now(UTC).date().isoformat(),
        }  # fmt: skip
        self._file.write_text(json.dumps(parts))
        self._page.write_text(page(parts, self._assumed))
        if self._page == PAGE:
            DOCUMENT.write_text(quote(PAGE.read_text(), DOCUMENT.read_text()))


def commit() -> str:
    """The state of the sources, in short; with a mark where they were changed since."""
    asked = subprocess.run(
        ["git", "describe", "--always", "--dirty"], cwd=HERE, capture_output=True, text=True, check=False
    )
    return asked.stdout.strip() or "no repository"


if __name__ == "__main__":
    main()

"""On what a benchmark ran, in one line, without the machine's name."""

import importlib.metadata
import os
import platform
import sqlite3
from pathlib import Path

LIBRARIES = ("numpy", "numba", "sqlalchemy", "ortools")


def machine() -> str:
    """Return cores, processor, system and versions."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    versions = [f"Python {platform.python_version()}", *map(_version, LIBRARIES), f"SQLite {sqlite3.sqlite_version}"]
    return f"{cores} cores ({_processor()}), {platform.system()}; {', '.join(versions)}."


def _version(library: str) -> str:
    try:
        return f"{library} {importlib.metadata.version(library)}"
    except importlib.metadata.PackageNotFoundError:
        return f"{library} not installed"


def _processor() -> str:
    """Return the processor's model where the system says it."""
    told = Path("/proc/cpuinfo")
    if told.is_file():
        for line in told.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()

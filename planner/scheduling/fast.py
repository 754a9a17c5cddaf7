"""Whether the compiled search is at hand: numba is installed and its machine code lies ready on the disk."""

import hashlib
import importlib.metadata
import importlib.util
import os
import platform
import sys
import tempfile
from functools import cache
from pathlib import Path

HERE = Path(__file__).parent
_CPU = Path("/proc/cpuinfo")
_CPU_KEYS = (
    "vendor_id",
    "cpu family",
    "model",
    "model name",
    "stepping",
    "flags",
    "CPU implementer",
    "CPU part",
    "Features",
)


def place() -> Path:
    """Return the folder in which the machine code is kept: beside the sources, or where NUMBA_CACHE_DIR says."""
    named = os.environ.get("NUMBA_CACHE_DIR")
    return Path(named) if named else HERE / "__pycache__"


def mark() -> Path:
    """Return the file that says for what the machine code was compiled.

    A folder elsewhere may serve several copies of the sources; beside them the code goes wherever they are copied.
    """
    copy = "" if place() == HERE / "__pycache__" else f"-{hashlib.sha256(str(HERE).encode()).hexdigest()[:12]}"
    return place() / f"compiled{copy}.mark"


def installed() -> bool:
    """Say whether there is a compiler."""
    return importlib.util.find_spec("numba") is not None


def writable() -> bool:
    """Say whether machine code can be kept; numba takes none out of a folder that it could not write to."""
    try:
        place().mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=place()).close()
    except OSError:
        return False
    return True


@cache
def fingerprint() -> str:
    """Return a digest of all that machine code depends on: the sources, the compiler, and the processor.

    Numba looks for the same before it takes code from the disk, and compiles for minutes where something differs. It
    goes by a source's content, not by its date.
    """
    sources = *sorted(HERE.glob("kernel_*.py")), HERE / "tables.py", HERE / "compiled.py"
    digest = hashlib.sha256(b"".join(source.read_bytes() for source in sources))
    digest.update(repr((_compiler(), sys.version_info[:2], sys.implementation.cache_tag, _processor())).encode())
    return digest.hexdigest()


def _compiler() -> tuple[str, ...]:
    return tuple(importlib.metadata.version(name) for name in ("numba", "llvmlite"))


def _processor() -> tuple[str, ...]:
    """Return what tells one kind of processor from another, without asking the compiler, which takes a second."""
    chosen = (os.environ.get("NUMBA_CPU_NAME", ""), os.environ.get("NUMBA_CPU_FEATURES", ""))
    try:
        first = _CPU.read_text(encoding="utf-8", errors="replace").split("\n\n", 1)[0]
    except OSError:
        return (platform.machine(), platform.processor(), *chosen)
    lines = (line.partition(":") for line in first.splitlines())
    return (
        platform.machine(),
        *(f"{key.strip()}:{said.strip()}" for key, _, said in lines if key.strip() in _CPU_KEYS),
        *chosen,
    )


def ready() -> bool:
    """Say whether `python -m planner.scheduling.warm` has compiled these sources for this machine."""
    if not installed() or not writable():
        return False
    written = mark()
    return written.is_file() and written.read_text(encoding="ascii") == fingerprint()


def missing() -> str:
    """Say in words why machine code is not at hand, or nothing where it is."""
    if ready():
        return ""
    if not installed():
        return "numba is not installed (the extra `fast`)"
    return "machine code is missing (python -m planner.scheduling.warm compiles it)"

"""Whether the compiled search is at hand: numba is installed and its machine code lies ready on the disk."""

import hashlib
import importlib.util
from functools import cache
from pathlib import Path

HERE = Path(__file__).parent
MARK = HERE / "__pycache__" / "compiled.mark"


@cache
def fingerprint() -> str:
    """Return a digest of all that is compiled: machine code of other sources must not be used."""
    sources = *sorted(HERE.glob("kernel_*.py")), HERE / "tables.py", HERE / "compiled.py"
    return hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()


def ready() -> bool:
    """Say whether `python -m planner.scheduling.warm` has compiled these sources; compiling takes a minute."""
    if importlib.util.find_spec("numba") is None:
        return False
    return MARK.is_file() and MARK.read_text(encoding="ascii") == fingerprint()

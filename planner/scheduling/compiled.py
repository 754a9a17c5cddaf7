"""The door to numba: machine code where the extra `fast` is installed, the same functions as plain Python elsewhere."""

from collections.abc import Callable
from typing import Any, TypeVar

numba: Any
try:
    import numba
except ImportError:
    numba = None

HAS_NUMBA = numba is not None

F = TypeVar("F", bound=Callable[..., Any])


def compiled(function: F) -> F:
    """Return the function as machine code, kept in a cache on disk; without numba return it as it is."""
    if numba is None:
        return function
    machine_code: F = numba.njit(cache=True, nogil=True, boundscheck=False, error_model="numpy", _nrt=False)(function)
    return machine_code

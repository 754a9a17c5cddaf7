"""The address under which the first clinic is opened: whoever can read the server's output may, and nobody else."""

from __future__ import annotations

import base64
import hmac
from typing import Final

from planner.errors import NotFound
from planner.services.keys import digest, digests
from planner.services.runtime import Runtime
from planner.words import say

_WORDING: Final = "the first run"


def setup_address(runtime: Runtime) -> str:
    """Where the first clinic is opened."""
    return f"{runtime.base_url.rstrip('/')}/setup/{_token(runtime)}"


def check_setup_token(runtime: Runtime, token: str) -> None:
    """Refuse a stranger.

    Raises:
        NotFound: it is not this instance's token.
    """
    good = [_written(each) for each in digests(runtime, _WORDING)]
    if not any(hmac.compare_digest(token.encode(), each.encode()) for each in good):
        raise NotFound(say("This link is not valid."))


def _token(runtime: Runtime) -> str:
    # Derived from the instance's secret, so that it is the same after a restart and in every process.
    return _written(digest(runtime, _WORDING))


def _written(derived: bytes) -> str:
    return base64.urlsafe_b64encode(derived).rstrip(b"=").decode()

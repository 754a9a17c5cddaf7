"""The address under which the first clinic is opened: whoever can read the server's output may, and nobody else."""

from __future__ import annotations

import base64
import hmac

from planner.errors import NotFound
from planner.services.runtime import Runtime
from planner.words import say


def setup_address(runtime: Runtime) -> str:
    """Where the first clinic is opened."""
    return f"{runtime.base_url.rstrip('/')}/setup/{_token(runtime)}"


def check_setup_token(runtime: Runtime, token: str) -> None:
    """Refuse a stranger.

    Raises:
        NotFound: it is not this instance's token.
    """
    if not hmac.compare_digest(token.encode(), _token(runtime).encode()):
        raise NotFound(say("This link is not valid."))


def _token(runtime: Runtime) -> str:
    # Derived from the instance's secret, so that it is the same after a restart and in every process.
    digest = hmac.digest(runtime.secret_key.encode(), b"the first run", "sha256")
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()

"""From where somebody acts, as far as the audit keeps it: the class of the address, and which of their browsers."""

from __future__ import annotations

import hashlib
import ipaddress
from dataclasses import dataclass
from typing import Final

_SHORT: Final = 12


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a request came from.

    Args:
        network: machine (this very one), private, public, or command; "" where nobody asked by a network.
        session: the same for all requests of one browser, and of no use to open anything.
    """

    network: str = ""
    session: str = ""


NOWHERE: Final = Origin()
COMMAND: Final = Origin("command")


def origin_of(address: str | None, token: str) -> Origin:
    """The origin of a request.

    Args:
        token: what opened the door: of the cookie's session, or of the personal link.
    """
    return Origin(_network(address), hashlib.sha256(f"audit/{token}".encode()).hexdigest()[:_SHORT])


def _network(address: str | None) -> str:
    try:
        found = ipaddress.ip_address(address or "")
    except ValueError:
        return ""
    if found.is_loopback:
        return "machine"
    return "private" if found.is_private else "public"

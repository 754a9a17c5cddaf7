"""Whoever tries many secret addresses that do not exist is made to wait; whoever has one that works never is."""

from __future__ import annotations

import ipaddress
import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Final

from flask import current_app, request

from planner.errors import NotFound, TooManyTries
from planner.services.tokens import hashed
from planner.web.context import GUESSES, runtime
from planner.words import say

MOST_WRONG: Final = 30
"""Different wrong tokens of one network within `WITHIN`; a calendar that keeps asking for an ended one counts once."""

WITHIN: Final = timedelta(minutes=10)
_MOST_NETWORKS: Final = 10_000
_MOST_FOUND: Final = 50_000


class Guesses:
    """Wrong tokens by network, and the tokens that were right; one for each process, used by all its threads."""

    def __init__(self) -> None:
        self._wrong: OrderedDict[str, OrderedDict[str, datetime]] = OrderedDict()
        self._found: OrderedDict[str, None] = OrderedDict()
        self._lock = threading.Lock()

    def admit(self, network: str, token: str, now: datetime) -> None:
        """Refuse a network that has guessed too much, but for a token that was right before.

        Raises:
            TooManyTries: it has to wait, whatever it asks for, right or wrong.
        """
        with self._lock:
            tries = self._wrong.get(network)
            if tries is None or hashed(token) in self._found:
                return
            while tries and next(iter(tries.values())) <= now - WITHIN:
                tries.popitem(last=False)
            if len(tries) >= MOST_WRONG:
                raise TooManyTries(say("Too many addresses that do not exist were tried from here."))

    def missed(self, network: str, token: str, now: datetime) -> None:
        """Note a token that opened nothing."""
        key = hashed(token)
        with self._lock:
            self._found.pop(key, None)
            tries = self._wrong.setdefault(network, OrderedDict())
            tries[key] = now
            tries.move_to_end(key)
            self._wrong.move_to_end(network)
            while len(self._wrong) > _MOST_NETWORKS:
                self._wrong.popitem(last=False)

    def found(self, token: str) -> None:
        """Note a token that opened something."""
        key = hashed(token)
        with self._lock:
            self._found[key] = None
            self._found.move_to_end(key)
            while len(self._found) > _MOST_FOUND:
                self._found.popitem(last=False)


def network_of(address: str | None) -> str:
    """What one household or server has of the internet: an IPv4 address, or 64 bits of an IPv6 one."""
    try:
        parsed = ipaddress.ip_address(address or "")
    except ValueError:
        return ""
    if isinstance(parsed, ipaddress.IPv6Address):
        mapped = parsed.ipv4_mapped
        return str(mapped) if mapped else str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)


@contextmanager
def looking_up(token: str) -> Iterator[None]:
    """Around every look-up of a token that somebody sent.

    Raises:
        TooManyTries: this network has tried too many wrong ones.
    """
    guesses: Guesses = current_app.extensions[GUESSES]
    network, now = network_of(request.remote_addr), runtime().clock.now()
    guesses.admit(network, token, now)
    try:
        yield
    except NotFound:
        guesses.missed(network, token, now)
        raise
    guesses.found(token)

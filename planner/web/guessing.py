"""Whoever tries many secret addresses that do not exist is made to wait; whoever has one that works never is."""

from __future__ import annotations

import ipaddress
import threading
import time
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Final

from flask import Response, after_this_request, current_app, request

from planner.errors import DatabaseBusy, NotFound, StorageFailed, TooManyTries
from planner.services import throttle
from planner.services.keys import blinded
from planner.services.runtime import Runtime
from planner.services.tokens import hashed
from planner.web.context import GUESSES, runtime
from planner.words import say

MOST_WRONG: Final = 30
"""Different wrong tokens of one network within `WITHIN`; a calendar that keeps asking for an ended one counts once."""

WITHIN: Final = timedelta(minutes=10)
_WORDS: Final = say("Too many addresses that do not exist were tried from here.")
_MOST_NETWORKS: Final = 10_000
_MOST_FOUND: Final = 50_000
_SHARED_A_SECOND: Final = 50
"""So many wrong tokens does one process tell the others of; more would keep the clinic from writing."""


class Guesses:
    """Wrong tokens by network, and the tokens that were right; one for each process, used by all its threads.

    Each wrong one is told to the other processes by a row, and what they have counted comes back with it.
    """

    def __init__(self) -> None:
        self._wrong: OrderedDict[str, OrderedDict[str, datetime]] = OrderedDict()
        self._found: OrderedDict[str, None] = OrderedDict()
        self._blocked: OrderedDict[str, datetime] = OrderedDict()
        self._second = 0
        self._shared = 0
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
            if self._blocked.get(network, now) > now:
                raise TooManyTries(_WORDS)
            while tries and next(iter(tries.values())) <= now - WITHIN:
                tries.popitem(last=False)
            if len(tries) >= MOST_WRONG:
                raise TooManyTries(_WORDS)

    def missed(self, network: str, token: str, now: datetime) -> bool:
        """Note a token that opened nothing; whether the other processes are to hear of it."""
        key = hashed(token)
        with self._lock:
            self._found.pop(key, None)
            tries = self._wrong.setdefault(network, OrderedDict())
            is_new = key not in tries
            tries[key] = now
            tries.move_to_end(key)
            self._wrong.move_to_end(network)
            while len(self._wrong) > _MOST_NETWORKS:
                self._wrong.popitem(last=False)
            return is_new and self._may_share()

    def block(self, network: str, until: datetime) -> None:
        """Let a network wait that has guessed too much at all processes together."""
        with self._lock:
            self._blocked[network] = until
            self._blocked.move_to_end(network)
            while len(self._blocked) > _MOST_NETWORKS:
                self._blocked.popitem(last=False)

    def found(self, token: str) -> None:
        """Note a token that opened something."""
        key = hashed(token)
        with self._lock:
            self._found[key] = None
            self._found.move_to_end(key)
            while len(self._found) > _MOST_FOUND:
                self._found.popitem(last=False)

    def _may_share(self) -> bool:
        second = int(time.monotonic())
        self._second, self._shared = second, self._shared + 1 if second == self._second else 1
        return self._shared <= _SHARED_A_SECOND


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
        if guesses.missed(network, token, now):
            _share_later(guesses, network, token, now)
        raise
    guesses.found(token)


def _share_later(guesses: Guesses, network: str, token: str, now: datetime) -> None:
    """After the answer: telling the others may have to wait for a turn to write."""
    running = runtime()

    @after_this_request
    def later(response: Response) -> Response:
        response.call_on_close(lambda: _share(running, guesses, network, token, now))
        return response


def _share(running: Runtime, guesses: Guesses, network: str, token: str, now: datetime) -> None:
    """Tell the other processes, and hear how many wrong ones they have counted of this network."""
    about = blinded(running, "guesses from", network)
    try:
        with running.database.outside() as session:
            tries = throttle.note_once(session, about, hashed(token), now, WITHIN)
    except (DatabaseBusy, StorageFailed):
        return  # Each process still counts its own.
    if tries >= MOST_WRONG:
        guesses.block(network, now + WITHIN)

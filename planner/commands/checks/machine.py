"""Whether the machine and the installed program have what the planner needs."""

from __future__ import annotations

import json
import os
import tempfile
import urllib.error
import urllib.request
from pathlib import Path
from typing import Final

import tzdata

from planner.commands.checks.finding import Finding, Findings, SetUp
from planner.config import PACKAGE, template_folder
from planner.scheduling import fast
from planner.services.readiness import FREE_BYTES_MIN
from planner.services.running import free_bytes, queue_state
from planner.services.shared_pulse import timers_of
from planner.zones import system_version

PARTS: Final = ("htmx.min.js", "event-calendar.min.js", "event-calendar.min.css")
LITTLE_SPACE: Final = 20 * FREE_BYTES_MIN
_ANSWER_SECONDS: Final = 3
# A proxy that the environment names leads to the internet, not back to this machine.
_DIRECTLY: Final = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def disk(set_up: SetUp) -> Findings:
    """Whether there is room."""
    free = free_bytes(set_up.config.instance)
    words = f"{free / 1e9:.1f} GB free for {set_up.config.instance}"
    todo = "Make room: what can't be written can't be booked."
    if free < FREE_BYTES_MIN:
        yield Finding("bad", "disk", words, todo)
    elif free < LITTLE_SPACE:
        yield Finding("could", "disk", words, todo)
    else:
        yield Finding("good", "disk", words)


def writing(set_up: SetUp) -> Findings:
    """Whether the instance folder can be written by who runs this, and by the planner afterwards."""
    instance, about = set_up.config.instance, "instance folder"
    try:
        tempfile.TemporaryFile(dir=instance).close()
    except OSError as error:
        todo = f"Run this as the planner's own user, or give it the folder: chown -R planner {instance}"
        yield Finding("bad", about, f"{instance} can't be written: {error.strerror}", todo)
        return
    if os.geteuid() == 0 and _owner(instance) != 0:
        says = f"{instance} is not root's, and a file that root makes there can't be written by the planner"
        yield Finding("could", about, says, "Run the planner's commands as its own user (runuser -u planner).")
    else:
        yield Finding("good", about, f"{instance} can be written")


def _owner(folder: Path) -> int:
    return folder.stat().st_uid


def timers(set_up: SetUp) -> Findings:
    """Whether some process runs the timed work."""
    found, now = timers_of(set_up.runtime, set_up.config.instance), set_up.runtime.clock.now()
    start = "`planner serve` runs it, or `planner worker` where the settings say timers = false."
    if found is None:
        yield Finding("could", "timed work", "it never ran here", f"Start it: {start}")
    elif not found.alive(now):
        says = f"no sign of life since {found.beat_at:%Y-%m-%d %H:%M} UTC: no reminders, no repairs, no messages"
        yield Finding("bad", "timed work", says, f"Start it again: {start}")
    else:
        yield Finding("good", "timed work", f"runs since {found.leading_since:%Y-%m-%d %H:%M} UTC")


def workers(set_up: SetUp) -> Findings:
    """Whether somebody does the jobs that wait."""
    state = queue_state(set_up.runtime)
    if state is None:
        return
    waiting, failed = state.count("queued"), state.count("failed")
    words = f"{waiting} wait, {state.count('running')} run, {failed} failed within a day"
    if state.deserted:
        start = "`planner worker`, or `planner serve` unless the settings say timers = false."
        yield Finding("bad", "jobs", f"{words}, and no worker was alive for a minute", f"Start one: {start}")
    elif failed:
        yield Finding("could", "jobs", words, "The workers' logs say why; look for the queued= number.")
    else:
        yield Finding("good", "jobs", words)


def server(set_up: SetUp) -> Findings:
    """Whether it answers, and is ready."""
    config = set_up.config
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(config.host, config.host)  # noqa: S104
    place = f"{f'[{host}]' if ':' in host else host}:{config.port}"
    try:
        with _DIRECTLY.open(f"http://{place}/readyz", timeout=_ANSWER_SECONDS) as answer:
            answer.read()
    except urllib.error.HTTPError as refusal:
        yield Finding("bad", "server", f"{place} is not ready: {_wrong(refusal)}", "Its log says more.")
    except (urllib.error.URLError, OSError) as error:
        todo = "Start it with `planner serve`, unless it is meant to rest."
        yield Finding("could", "server", f"nothing answers on {place} ({getattr(error, 'reason', error)})", todo)
    else:
        yield Finding("good", "server", f"{place} answers and is ready")


def _wrong(refusal: urllib.error.HTTPError) -> str:
    try:
        return " ".join(json.loads(refusal.read())["wrong"])
    except (ValueError, KeyError, TypeError, OSError):
        return f"status {refusal.code}; is it the planner?"


def static_files(_set_up: SetUp) -> Findings:
    """Whether the pages' own files are there."""
    missing = [name for name in PARTS if not (PACKAGE / "static" / "vendor" / name).is_file()]
    missing += [] if (template_folder() / "base.html").is_file() else ["templates"]
    if missing:
        todo = "Install the wheel that `make wheel` builds, or run `make setup` in a checkout."
        yield Finding("bad", "files of the pages", f"missing: {', '.join(missing)}", todo)
    else:
        yield Finding("good", "files of the pages", "all there")


def machine_code(_set_up: SetUp) -> Findings:
    """Whether dates are found as fast as they can be."""
    why = fast.missing()
    if why:
        todo = "Nothing, if the planner is about to compile it at its first start; the log says when it is done."
        yield Finding("could", "search", f"runs on numpy, several times slower: {why}", todo)
    else:
        yield Finding("good", "search", "compiled to machine code")


def zones(set_up: SetUp) -> Findings:
    """Whether the rules of time zones are of these years: countries change their clocks at short notice."""
    edition = max(system_version(), tzdata.IANA_VERSION)
    if int(edition[:4]) < set_up.runtime.clock.now().year - 1:
        todo = "Update the planner or the system's package tzdata; appointments may be an hour wrong."
        yield Finding("could", "time zones", f"their rules are of {edition}", todo)
    else:
        yield Finding("good", "time zones", f"their rules are of {edition}")

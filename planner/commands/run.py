"""Commands that keep running: `serve` and `worker`; and `sweep`, one turn of the timers by hand."""

import dataclasses
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import click
from flask import Flask

from planner import wiring, worker
from planner.app import create_app, create_probes
from planner.commands.engine import machine_code
from planner.commands.garbage import settle
from planner.commands.saying import tell
from planner.commands.server import AtOnce, Server
from planner.commands.setup import in_use, load_config, open_runtime
from planner.commands.stopping import FINISH_SECONDS, Deadline, joined, leave_behind, stop_when_told
from planner.config import Config
from planner.errors import InvalidInput
from planner.services import solve_jobs
from planner.services.first_run import setup_address
from planner.services.opening import any_clinic
from planner.services.readiness import Readiness
from planner.services.runtime import Runtime
from planner.sweeps import sweep_named
from planner.web.context import DOOR, READ_LOG, READINESS


@click.command()
@click.option("--host", help="Address to listen on; default from the settings, else 127.0.0.1.")
@click.option("--port", type=click.IntRange(1, 65535), help="Port to listen on; default from the settings, else 8000.")
def serve(host: str | None, port: int | None) -> None:
    """Serve the pages, and run the timers unless the settings say `timers = false`."""
    config = load_config()
    config = dataclasses.replace(config, host=host or config.host, port=port or config.port)
    wiring.start_logging(config.log_format)
    runtime = wiring.build(config)
    wiring.check_ready(runtime)
    if config.timers:
        worker.Leadership(_lock_file(config)).check()
    app = create_app(runtime, config)
    readiness: Readiness = app.extensions[READINESS]
    readiness.guarded = True
    server = _listening(config, app, app.extensions[DOOR].at_once)
    keep_serving(runtime, config, server, stop_when_told(), app)
    runtime.database.close()


def keep_serving(
    runtime: Runtime, config: Config, server: Server, stop: threading.Event, app: Flask | None = None
) -> None:
    """Answer until `stop` is set, then finish: the requests that were taken, the searches, the sweeps.

    It takes no longer than `drain_seconds` and `stopping.FINISH_SECONDS`, and what a search has found is kept.
    """
    with in_use(config), _timers(runtime, config, stop), machine_code(config.instance, when_loaded=settle):
        settle()
        server.start()
        tell(f"The planner is at {config.base_url}")
        if not any_clinic(runtime):
            tell(f"There is no clinic yet. Open yours here: {setup_address(runtime)}")
        worker.wait_until_set(stop)
        if app is not None:
            # Whoever stands in front asks now and then, and sends nothing more here before it ends.
            app.extensions[READINESS].stop()
            time.sleep(config.drain_seconds)
        deadline = Deadline(FINISH_SECONDS)
        # The searches hear of it first: they write down what they found while the last pages are answered.
        solve_jobs.stop_all()
        server.finish()
        if app is not None:
            app.extensions[READ_LOG].flush(now_or_never=True)
        solve_jobs.wait_for_all(deadline.left)


@click.command("worker")
def run_worker() -> None:
    """Run only the timers. Of several workers one leads; when it ends, another takes over."""
    config = load_config()
    wiring.start_logging(config.log_format)
    runtime = wiring.build(config)
    wiring.check_ready(runtime)
    with in_use(config), machine_code(config.instance), _probes(runtime, config):
        if not worker.run_timers(runtime, _lock_file(config), stop_when_told()):
            leave_behind("a sweep")
    runtime.database.close()


@click.command()
@click.argument("name")
def sweep(name: str) -> None:
    """Do the timed work NAME once, now."""
    chosen = sweep_named(name)
    report = chosen.run(open_runtime())
    click.echo(f"{chosen.name}: {report}")
    if report.failed:
        raise SystemExit(1)


@contextmanager
def _probes(runtime: Runtime, config: Config) -> Iterator[None]:
    """Answer whether this process lives while the block lasts, where the settings say so."""
    if not config.worker_port:
        yield
        return
    app = create_probes(runtime, config)
    server = _listening(dataclasses.replace(config, port=config.worker_port, threads=1), app)
    server.start()
    try:
        yield
    finally:
        server.finish()


def _listening(config: Config, app: Flask, *at_once: AtOnce) -> Server:
    try:
        return Server(app, config, *at_once)
    except OSError as error:
        raise InvalidInput(
            f"Can't listen on {config.host}:{config.port}: {error.strerror}. Choose another port with --port.",
            field="port",
        ) from error
    except ValueError as error:
        raise InvalidInput(f"Can't listen on “{config.host}”: no such host is known.", field="host") from error


def _lock_file(config: Config) -> Path:
    return config.instance / "worker.lock"


class _Timers(threading.Thread):
    """The timers beside the server."""

    over = True

    def __init__(self, runtime: Runtime, config: Config, stop: threading.Event) -> None:
        super().__init__(name="timers")
        self._work = partial(worker.run_timers, runtime, _lock_file(config), stop)

    def run(self) -> None:
        """Until `stop` is set and what was running is over."""
        self.over = self._work()


@contextmanager
def _timers(runtime: Runtime, config: Config, stop: threading.Event) -> Iterator[None]:
    """Run the timers beside the server while the block lasts; they begin to end when `stop` is set."""
    if not config.timers:
        yield
        return
    thread = _Timers(runtime, config, stop)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        if not joined(thread, Deadline(FINISH_SECONDS)) or not thread.over:
            leave_behind("a sweep")

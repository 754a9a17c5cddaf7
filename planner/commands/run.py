"""Commands that keep running: `serve` and `worker`; and `sweep`, one turn of the timers by hand."""

import dataclasses
import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from functools import partial

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
from planner.jobs import AT_ONCE
from planner.services import solve_jobs
from planner.services.first_run import setup_address
from planner.services.opening import any_clinic
from planner.services.readiness import Readiness
from planner.services.runtime import Runtime
from planner.storage.lead import lead_of
from planner.storage.queue import QUEUES
from planner.sweeps import sweep_named
from planner.web.context import DOOR, READ_LOG, READINESS

_log = logging.getLogger("planner.run")


@click.command()
@click.option("--host", help="Address to listen on; default from the settings, else 127.0.0.1.")
@click.option("--port", type=click.IntRange(1, 65535), help="Port to listen on; default from the settings, else 8000.")
@click.option("--timers/--no-timers", default=None, help="Whether to run the timed work and the jobs here too.")
def serve(host: str | None, port: int | None, timers: bool | None) -> None:
    """Serve the pages, and run the timers and jobs unless the settings say `timers = false`."""
    config = load_config()
    timers = config.timers if timers is None else timers
    config = dataclasses.replace(config, host=host or config.host, port=port or config.port, timers=timers)
    wiring.start_logging(config.log_format)
    runtime = wiring.build(config)
    wiring.check_ready(runtime)
    if config.timers:
        lead_of(runtime.database, config.instance).check()
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
    timed = _timed_work(runtime, config, stop) if config.timers else nullcontext()
    with in_use(config), timed, machine_code(config.instance, when_loaded=settle):
        settle()
        server.start()
        tell(f"The planner is at {config.base_url}")
        if not any_clinic(runtime):
            tell(f"There is no clinic yet. Open yours here: {setup_address(runtime)}")
        stop.wait()
        _log.info("told to stop: what was begun is finished first")
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
@click.option(
    "--concurrency", type=click.IntRange(1, 64), default=AT_ONCE, show_default=True,
    help="So many jobs of each queue at the same time.",
)  # fmt: skip
@click.option(
    "--queues", default=",".join(QUEUES), show_default=True, callback=lambda *given: _queues(given[-1]),
    help="Which queues it takes jobs from.",
)  # fmt: skip
def run_worker(concurrency: int, queues: tuple[str, ...]) -> None:
    """Run only the timers and, on PostgreSQL, the jobs.

    Of several workers one leads, and puts the timed work into the queue; when it ends, another takes over. All of
    them do what waits there. Told to stop it finishes what runs; told twice it ends at once.
    """
    config = load_config()
    wiring.start_logging(config.log_format)
    runtime = wiring.build(config)
    wiring.check_ready(runtime)
    lead_of(runtime.database, config.instance).check()
    stop = stop_when_told()
    with (
        in_use(config),
        machine_code(config.instance),
        _probes(runtime, config),
        _timed_work(runtime, config, stop, queues, concurrency),
    ):
        stop.wait()
        _log.info("told to stop: what was begun is finished first")
    runtime.database.close()


def _queues(given: str) -> tuple[str, ...]:
    """The names in a list. Raises BadParameter where there is no such queue."""
    names = tuple(name.strip() for name in given.split(",") if name.strip())
    if not names or set(names) - set(QUEUES):
        raise click.BadParameter(f"it can be some of {', '.join(QUEUES)}")
    return names


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


class _Timers(threading.Thread):
    """The timers beside whatever else this process does."""

    over = True

    def __init__(self, runtime: Runtime, config: Config, stop: threading.Event) -> None:
        super().__init__(name="timers")
        self._work = partial(worker.run_timers, runtime, config.instance, stop)

    def run(self) -> None:
        """Until `stop` is set and what was running is over."""
        self.over = self._work()


class _Jobs(threading.Thread):
    """The jobs of these queues beside whatever else this process does."""

    def __init__(self, runtime: Runtime, stop: threading.Event, queues: tuple[str, ...], concurrency: int) -> None:
        super().__init__(name="jobs")
        # Loaded only where there is a queue.
        from planner.queue_worker import do_jobs

        self._work = partial(do_jobs, runtime, stop, queues=queues, concurrency=concurrency)

    def run(self) -> None:
        """Until `stop` is set and what was running is over."""
        self._work()


@contextmanager
def _timed_work(
    runtime: Runtime,
    config: Config,
    stop: threading.Event,
    queues: tuple[str, ...] = QUEUES,
    concurrency: int = AT_ONCE,
) -> Iterator[None]:
    """Run the timers, and the jobs where there is a queue, while the block lasts; they begin to end with `stop`."""
    timers = _Timers(runtime, config, stop)
    jobs = _Jobs(runtime, stop, queues, concurrency) if runtime.queue is not None else None
    for thread in (timers, jobs):
        if thread is not None:
            thread.start()
    try:
        yield
    finally:
        stop.set()
        deadline = Deadline(FINISH_SECONDS)
        if not joined(timers, deadline) or not timers.over:
            leave_behind("a sweep")
        if jobs is not None and not joined(jobs, deadline):
            leave_behind("a job")

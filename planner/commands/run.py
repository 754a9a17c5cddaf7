"""Commands that keep running: `serve` and `worker`; and `sweep`, one turn of the timers by hand."""

import dataclasses
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from flask import Flask

from planner import wiring, worker
from planner.app import create_app, create_probes
from planner.commands.engine import machine_code
from planner.commands.garbage import settle
from planner.commands.server import AtOnce, Server
from planner.commands.setup import load_config, open_runtime
from planner.config import Config
from planner.errors import InvalidInput
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
    stop = _stop_when_told()
    with _timers(runtime, config), machine_code(config.instance, when_loaded=settle):
        settle()
        server.start()
        click.echo(f"The planner is at {config.base_url}", err=True)
        if not any_clinic(runtime):
            click.echo(f"There is no clinic yet. Open yours here: {setup_address(runtime)}", err=True)
        stop.wait()
        # Whoever stands in front asks now and then, and sends nothing more here before it ends.
        readiness.stop()
        time.sleep(config.drain_seconds)
        server.finish()
    app.extensions[READ_LOG].flush(now_or_never=True)
    runtime.database.close()


@click.command("worker")
def run_worker() -> None:
    """Run only the timers. Of several workers one leads; when it ends, another takes over."""
    config = load_config()
    wiring.start_logging(config.log_format)
    runtime = wiring.build(config)
    wiring.check_ready(runtime)
    stop = _stop_when_told()
    with machine_code(config.instance), _probes(runtime, config):
        worker.run_timers(runtime, _lock_file(config), stop)
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


@contextmanager
def _timers(runtime: Runtime, config: Config) -> Iterator[None]:
    """Run the timers beside the server while the block lasts."""
    if not config.timers:
        yield
        return
    stop = threading.Event()
    thread = threading.Thread(target=worker.run_timers, args=(runtime, _lock_file(config), stop), name="timers")
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _stop_when_told() -> threading.Event:
    """An event that SIGTERM and Ctrl-C set."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop

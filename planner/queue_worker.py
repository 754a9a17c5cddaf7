"""Does what waits in the queue, by procrastinate; no other module needs that, and none does where there is no queue."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import procrastinate
from procrastinate.job_context import JobContext
from sqlalchemy import URL

from planner import logs
from planner.jobs import AT_ONCE, JOBS, JobFunction
from planner.services import solve_jobs
from planner.services.runtime import Runtime
from planner.storage.queue import HEARTBEAT_SECONDS, QUEUES, STALLED_AFTER

_LOOK_SECONDS: Final = 0.1
_POLL_SECONDS: Final = 2.0
_AGAIN_SECONDS: Final = 1.0
_log = logging.getLogger("planner.jobs")


def do_jobs(
    runtime: Runtime,
    stop: threading.Event,
    *,
    queues: Collection[str] = QUEUES,
    concurrency: int = AT_ONCE,
    jobs: Mapping[str, JobFunction] = JOBS,
) -> None:
    """Do jobs until `stop` is set, and finish those that have begun: plannings end with the best they have.

    It may take for ever where a job does; whoever calls it ends the process then. While the database is away it asks
    again and again.
    """
    while not stop.is_set():
        try:
            asyncio.run(_do_jobs(runtime, stop, queues, concurrency, jobs))
        except Exception as error:
            _log.warning("the queue can't be reached: %s", type(error).__name__, exc_info=error)
        # Also where it ended by itself, because its connection was lost.
        stop.wait(_AGAIN_SECONDS)


async def _do_jobs(
    runtime: Runtime, stop: threading.Event, queues: Collection[str], concurrency: int, jobs: Mapping[str, JobFunction]
) -> None:
    threads = ThreadPoolExecutor(len(queues) * concurrency, thread_name_prefix="job")
    asyncio.get_running_loop().set_default_executor(threads)
    app = _app(runtime, stop, jobs, 2 * len(queues))
    async with app.open_async():
        workers = [asyncio.create_task(_worker(app, queue, concurrency)) for queue in queues]
        while not stop.is_set() and not any(worker.done() for worker in workers):
            await asyncio.sleep(_LOOK_SECONDS)
        for worker in workers:
            # It fetches no more, and waits for what runs.
            worker.cancel()
        ended = asyncio.gather(*workers, return_exceptions=True)
        while not ended.done():
            if stop.is_set():
                solve_jobs.stop_all()
            await asyncio.wait((ended,), timeout=_LOOK_SECONDS)
        for failure in ended.result():
            if isinstance(failure, Exception):
                raise failure


async def _worker(app: procrastinate.App, queue: str, concurrency: int) -> None:
    await app.run_worker_async(
        queues=[queue],
        name=queue,
        concurrency=concurrency,
        install_signal_handlers=False,
        delete_jobs="successful",
        fetch_job_polling_interval=_POLL_SECONDS,
        update_heartbeat_interval=HEARTBEAT_SECONDS,
        stalled_worker_timeout=STALLED_AFTER.total_seconds(),
    )


def _app(
    runtime: Runtime, stop: threading.Event, jobs: Mapping[str, JobFunction], connections: int
) -> procrastinate.App:
    connector = procrastinate.PsycopgConnector(
        conninfo=_address(runtime.database.url), min_size=1, max_size=connections,
        kwargs={"application_name": "planner jobs", "connect_timeout": 5, "keepalives": 1, "keepalives_idle": 10},
    )  # fmt: skip
    app = procrastinate.App(connector=connector)
    for name, function in jobs.items():
        app.task(name=name, pass_context=True)(_task(runtime, stop, function))
    return app


def _task(runtime: Runtime, stop: threading.Event, function: JobFunction) -> Any:
    def work(context: JobContext, **args: Any) -> None:
        with logs.about(queued=context.job.id):
            function(runtime, args, stop)

    return work


def _address(url: URL) -> str:
    return url.set(drivername="postgresql").render_as_string(hide_password=False)

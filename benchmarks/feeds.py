"""How fast calendars are answered, side by side in one run with what else there is; writes FEEDS.md beside it.

Run as `make bench-feeds`. Radicale, a CalDAV server in Python, is installed into an environment of its own for it.
"""

import json
import logging
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from flask import Response

from benchmarks.make_feed_clinic import config_in, make
from planner import wiring
from planner.app import create_app
from planner.commands.server import Server
from planner.services import feeds
from planner.services.feed_memory import FeedMemory
from planner.web.context import DOOR
from planner.web.feed_answer import TYPE, Asked, FeedAnswer, FeedDoor
from planner.web.security import HEADERS

HERE = Path(__file__).parent
ROUNDS, SECONDS, CONNECTIONS, EVENTS, MANY = 5, 3, 4, 20, 2000


@dataclass(frozen=True)
class Case:
    """Something to ask for over and over."""

    name: str
    port: int
    path: str
    headers: tuple[str, ...] = ()

    def measure(self) -> dict[str, float]:
        """Requests a second and latencies, from a process of its own."""
        command = [sys.executable, HERE / "make_requests.py", str(self.port), self.path, str(SECONDS), str(CONNECTIONS)]
        done = subprocess.run([*command, *self.headers], capture_output=True, text=True, check=True)
        measured: dict[str, float] = json.loads(done.stdout)
        return measured


def serve(folder: Path, port: int) -> None:
    """Our server on the instance in this folder, with the same bytes as a constant at three places.

    /constant is answered as feeds are, at once, with the safe headers and the line in the log that belong to every
    answer; /bare without these: nothing this server sends could cost less. /static/constant passes through a thread
    and the application, as pages do.
    """
    config = config_in(folder, port)
    wiring.start_logging()
    app = create_app(wiring.build(config), config)
    body = (folder / "body.ics").read_bytes()
    bare = FeedAnswer(200, (("Content-Type", TYPE), ("Content-Length", str(len(body)))), body)
    constant = replace(bare, headers=(*bare.headers, *HEADERS.items()))
    log = logging.getLogger("planner.access")
    app.view_functions["static"] = lambda filename: Response(body, content_type=TYPE)
    door: FeedDoor = app.extensions[DOOR]

    def at_once(path: str, asked: Asked) -> FeedAnswer | None:
        if path == "/bare":
            return bare
        if path == "/constant":
            log.info("GET /constant %s %.0f ms", 200, 0)
            return constant
        return door.at_once(path, asked)

    Server(app, config, at_once).start()
    threading.Event().wait()


def main() -> None:
    """Measure everything in turn, several times, and write the table."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        cases = [*_ours(stack, folder), _radicale(stack, folder)]
        rounds = [{case.name: case.measure() for case in cases} for _ in range(ROUNDS)]
    measured = {name: _median([each[name] for each in rounds]) for name in rounds[0]}
    table = _table(measured, _seconds_to_build())
    (HERE / "FEEDS.md").write_text(table)
    print(table)


def _ours(stack: ExitStack, folder: Path) -> list[Case]:
    port = _free_port()
    instance = folder / "planner"
    instance.mkdir()
    runtime, address = make(config_in(instance, port), EVENTS)
    path = "/f/" + address.rpartition("/")[2]
    data = feeds.feed_for_token(runtime, feeds.token_in(address), FeedMemory()).written.data
    (instance / "body.ics").write_bytes(data)
    (folder / "body.ics").write_bytes(data)
    runtime.database.close()
    log = stack.enter_context((folder / "log").open("wb"))
    _start(stack, [sys.executable, "-m", "benchmarks.feeds", str(instance), str(port)], port, log.fileno())
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}") as answer:
        tag = answer.headers["ETag"]
    return [
        Case("our feed, 20 events", port, path),
        Case("our feed, gzip", port, path, ("Accept-Encoding: gzip",)),
        Case("our feed, 304", port, path, (f"If-None-Match: {tag}",)),
        Case("our server, constant bytes", port, "/constant"),
        Case("our server, bare constant bytes", port, "/bare"),
        Case("our server, constant bytes as a page", port, "/static/constant"),
    ]


def _radicale(stack: ExitStack, folder: Path) -> Case:
    environment, port = folder / "radicale", _free_port()
    subprocess.run([sys.executable, "-m", "venv", environment], check=True)
    subprocess.run([environment / "bin" / "pip", "install", "-qq", "radicale>=3.5"], check=True)
    settings = ("--auth-type", "none", "--rights-type", "owner_only", "--storage-filesystem-folder", folder / "store")
    command = [environment / "bin" / "radicale", "--server-hosts", f"127.0.0.1:{port}", *settings]
    _start(stack, command, port, subprocess.DEVNULL)
    signed_in = "Basic YW5hOmFuYQ=="
    body = (folder / "body.ics").read_bytes()
    put = urllib.request.Request(f"http://127.0.0.1:{port}/ana/plan/", body, method="PUT")
    put.add_header("Authorization", signed_in)
    put.add_header("Content-Type", "text/calendar")
    urllib.request.urlopen(put).close()  # noqa: S310
    return Case("Radicale, the same collection", port, "/ana/plan/", (f"Authorization: {signed_in}",))


def _start(stack: ExitStack, command: list[object], port: int, stderr: int) -> None:
    process = subprocess.Popen(list(map(str, command)), stdout=subprocess.DEVNULL, stderr=stderr, env=dict(os.environ))
    stack.callback(process.wait)
    stack.callback(process.terminate)
    for _ in range(100):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise SystemExit(f"{command[0]} does not listen")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _median(measured: list[dict[str, float]]) -> dict[str, float]:
    return {name: statistics.median(each[name] for each in measured) for name in measured[0]}


def _seconds_to_build() -> float:
    """From the rows to the bytes: computing in the best of five, so that others on the machine disturb less."""
    with tempfile.TemporaryDirectory() as folder:
        runtime, address = make(config_in(Path(folder), 8000), MANY)
        best = min(_once(runtime, address) for _ in range(5))
        runtime.database.close()
    return best


def _once(runtime: object, address: str) -> float:
    begun = time.process_time()
    feeds.feed_for_token(runtime, feeds.token_in(address), FeedMemory())  # type: ignore[arg-type]
    return time.process_time() - begun


def _table(measured: dict[str, dict[str, float]], build: float) -> str:
    ours, constant = measured["our feed, 20 events"], measured["our server, constant bytes"]["per_second"]
    bare = measured["our server, bare constant bytes"]["per_second"]
    radicale = measured["Radicale, the same collection"]["per_second"]
    lines = [
        "# How fast calendars are answered",
        "",
        f"`make bench-feeds`: {CONNECTIONS} connections, {ROUNDS} rounds of {SECONDS} s each case in turn; medians.",
        f"The load comes from the same machine ({os.cpu_count()} cores), so only the ratios mean something elsewhere.",
        "Constant bytes are the same file, answered on the same way as feeds, with the headers and the line in the log",
        "that every answer has; bare ones without these; as a page they pass through a thread and Flask.",
        "",
        "| | requests/s | p50 ms | p99 ms |",
        "|---|---:|---:|---:|",
    ]
    for name, each in measured.items():
        lines.append(f"| {name} | {each['per_second']:.0f} | {each['p50']:.1f} | {each['p99']:.1f} |")
    goals = [
        ("10 × Radicale or more", f"{ours['per_second'] / radicale:.1f} ×", ours["per_second"] >= 10 * radicale),
        (
            "0.7 × constant bytes or more",
            f"{ours['per_second'] / constant:.2f} ×",
            ours["per_second"] >= 0.7 * constant,
        ),
        ("0.7 × bare constant bytes", f"{ours['per_second'] / bare:.2f} ×", ours["per_second"] >= 0.7 * bare),
        ("p99 at most 10 × p50", f"{ours['p99'] / ours['p50']:.1f} ×", ours["p99"] <= 10 * ours["p50"]),
        (f"{MANY} events built in under 0.5 s", f"{build:.2f} s", build < 0.5),
    ]
    lines += ["", "| goal | measured | |", "|---|---:|---|"]
    lines += [f"| {goal} | {value} | {'met' if met else 'not met'} |" for goal, value, met in goals]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    if len(sys.argv) == 3:
        serve(Path(sys.argv[1]), int(sys.argv[2]))
    else:
        main()

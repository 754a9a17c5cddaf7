"""What is counted where it happens, for /metrics and the page "System"; a count costs about a microsecond.

Each process counts for itself from its start on. What can be read from rows is not counted here: services/running.py
looks when it is asked.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from time import monotonic
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics
from prometheus_client.process_collector import ProcessCollector

# When each was made says nothing, and doubles what is sent.
disable_created_metrics()  # type: ignore[no-untyped-call]
REGISTRY: Final = CollectorRegistry()
ProcessCollector(registry=REGISTRY)

FEED_OUTCOMES: Final = ("200", "304", "404", "410", "429", "other")
MESSAGE_OUTCOMES: Final = ("sent", "put_off", "failed", "unknown")
NO_ROUTE: Final = "(no such route)"
BOOKED: Final = "booked"
# What ends or takes back a course, or puts maintenance behind it, re-plans nothing that was in the diary.
_NO_REPAIR: Final = frozenset({BOOKED, "ended", "undone", "maintenance"})
_ANSWER_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_WAIT_SECONDS: Final = (0.001, 0.005, 0.025, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_SOLVE_SECONDS: Final = (0.1, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0)
_GAP_PERCENT: Final = (0.0, 0.1, 0.5, 1.0, 2.0, 5.0, 10.0, 25.0, 100.0)

_BOOKINGS: Final = Counter("planner_bookings", "Courses that were booked.", registry=REGISTRY)
_REPAIRS: Final = Counter(
    "planner_repairs", "Courses whose rest was planned anew, by what befell them.", ["kind"], registry=REGISTRY
)
_FEEDS: Final = Counter(
    "planner_feed_requests", "Calendars that programs asked for, by what they were answered.", ["outcome"],
    registry=REGISTRY,
)  # fmt: skip
_MESSAGES: Final = Counter(
    "planner_messages", "Attempts to send a message, by what became of them.", ["outcome"], registry=REGISTRY
)
_REQUESTS: Final = Counter(
    "planner_requests", "Requests, by the first figure of their status.", ["status"], registry=REGISTRY
)
_REQUEST_SECONDS: Final = Histogram(
    "planner_request_seconds", "How long an answer took, by route.", ["rule"], buckets=_ANSWER_SECONDS,
    registry=REGISTRY,
)  # fmt: skip
_WRITE_WAIT: Final = Histogram(
    "planner_write_wait_seconds", "How long a write waited for its turn.", buckets=_WAIT_SECONDS, registry=REGISTRY
)
_SOLVE_TIME: Final = Histogram(
    "planner_solve_seconds", "How long a planning that ran as a job thought.", ["kind"], buckets=_SOLVE_SECONDS,
    registry=REGISTRY,
)  # fmt: skip
_SOLVE_GAP: Final = Histogram(
    "planner_solve_gap_percent", "How far above the proved bound its answer was at most.", ["kind"],
    buckets=_GAP_PERCENT, registry=REGISTRY,
)  # fmt: skip

# Made now, so that every line is there from the start, and so that a count has no label to look up.
_feeds: Final = {outcome: _FEEDS.labels(outcome) for outcome in FEED_OUTCOMES}
_messages: Final = {outcome: _MESSAGES.labels(outcome) for outcome in MESSAGE_OUTCOMES}
_requests: Final = {figure: _REQUESTS.labels(f"{figure}xx") for figure in range(1, 6)}


@dataclass(frozen=True, slots=True)
class RuleTimes:
    """How long the answers of one route took in this process.

    Args:
        slow: nineteen of twenty answers took at most so many seconds; None: longer than is told apart.
    """

    rule: str
    count: int
    mean: float
    slow: float | None


def course_changed(kind: str) -> None:
    """A change of a course is kept; `kind` is its revision's."""
    if kind == BOOKED:
        _BOOKINGS.inc()
    elif kind not in _NO_REPAIR:
        _REPAIRS.labels(kind).inc()


def feed_answered(status: int) -> None:
    """A calendar program was answered."""
    _feeds.get(str(status), _feeds["other"]).inc()


def message_settled(status: str) -> None:
    """An attempt to send is over; `status` is its row's: due again means that it was put off."""
    _messages["put_off" if status == "due" else status].inc()


def request_answered(rule: str, status: int, seconds: float) -> None:
    """A request is answered; `rule` is the route, never the address."""
    _requests[min(max(status // 100, 1), 5)].inc()
    _request_seconds(rule).observe(seconds)


def solved(kind: str, seconds: float, gap_percent: float | None) -> None:
    """A planning that ran as a job has ended with an answer."""
    _SOLVE_TIME.labels(kind).observe(seconds)
    if gap_percent is not None:
        _SOLVE_GAP.labels(kind).observe(gap_percent)


@lru_cache(maxsize=1024)
def _request_seconds(rule: str) -> Histogram:
    return _REQUEST_SECONDS.labels(rule)


@contextmanager
def waiting_to_write() -> Iterator[None]:
    """Around the wait for a turn to write, whether it is had in the end or not."""
    begun = monotonic()
    try:
        yield
    finally:
        _WRITE_WAIT.observe(monotonic() - begun)


def feed_counts() -> dict[str, int]:
    """How often calendars were answered in each way since the start."""
    return {outcome: round(value) for (outcome,), value in _values(_FEEDS, "outcome")}


def write_wait() -> RuleTimes:
    """How long writes waited for their turn."""
    return _times(_WRITE_WAIT)[0]


def request_times() -> list[RuleTimes]:
    """Each route that was asked for, with its times."""
    return _times(_REQUEST_SECONDS)


def _values(counter: Counter, *labels: str) -> Iterator[tuple[tuple[str, ...], float]]:
    for family in counter.collect():
        for sample in family.samples:
            if sample.name.endswith("_total"):
                yield tuple(sample.labels[label] for label in labels), sample.value


def _times(histogram: Histogram) -> list[RuleTimes]:
    """By rule; one with an empty name where the histogram knows none."""
    buckets: dict[str, list[tuple[float, float]]] = {}
    sums: dict[str, float] = {}
    for family in histogram.collect():
        for sample in family.samples:
            rule = sample.labels.get("rule", "")
            if sample.name.endswith("_bucket"):
                buckets.setdefault(rule, []).append((float(sample.labels["le"]), sample.value))
            elif sample.name.endswith("_sum"):
                sums[rule] = sample.value
    return [_rule_times(rule, found, sums[rule]) for rule, found in buckets.items()]


def _rule_times(rule: str, buckets: list[tuple[float, float]], total_seconds: float) -> RuleTimes:
    count = round(buckets[-1][1])
    slow = next(edge for edge, below in buckets if below >= 0.95 * count)
    return RuleTimes(rule, count, total_seconds / count if count else 0.0, None if slow == float("inf") else slow)

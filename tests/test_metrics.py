"""What is counted, counts what happened and nothing else."""

import pytest
from prometheus_client import generate_latest

from planner import metrics
from planner.errors import NotFound
from planner.notify.delivery import TemporaryFailure
from planner.services import attendance, messages, solve_jobs
from planner.storage.ids import new_id
from tests.services.many_patients import finished
from tests.web.ana_course import book_ana


def value(name, **labels):
    """A figure as Prometheus would read it; 0 where there is none yet."""
    return metrics.REGISTRY.get_sample_value(name, labels) or 0


@pytest.mark.parametrize(
    ("kind", "name", "labels"),
    [
        ("booked", "planner_bookings_total", {}),
        ("missed", "planner_repairs_total", {"kind": "missed"}),
        ("leave", "planner_repairs_total", {"kind": "leave"}),
    ],
)
def test_a_change_of_a_course_is_a_booking_or_a_repair(kind, name, labels):
    """By what befell it."""
    before = value(name, **labels)
    metrics.course_changed(kind)
    assert value(name, **labels) == before + 1


def test_an_end_is_neither_a_booking_nor_a_repair():
    """Nor is what is taken back."""
    before = generate_latest(metrics.REGISTRY)
    for kind in ("ended", "undone", "maintenance"):
        metrics.course_changed(kind)
    lines = (b"planner_bookings_total ", b"planner_repairs_total{")
    assert [line for line in before.splitlines() if line.startswith(lines)] == [
        line for line in generate_latest(metrics.REGISTRY).splitlines() if line.startswith(lines)
    ]


def test_an_answer_to_a_calendar_has_its_outcome():
    """What nobody thought of is counted as well."""
    for status, outcome in ((200, "200"), (304, "304"), (404, "404"), (429, "429"), (503, "other")):
        before = value("planner_feed_requests_total", outcome=outcome)
        metrics.feed_answered(status)
        assert value("planner_feed_requests_total", outcome=outcome) == before + 1
        assert metrics.feed_counts()[outcome] == before + 1


def test_the_times_of_a_route_are_its_mean_and_what_nineteen_of_twenty_took_at_most():
    """From the same figures that Prometheus reads."""
    for seconds in (*[0.004] * 95, *[0.2] * 5):
        metrics.request_answered("/a-route-of-this-test", 200, seconds)
    (times,) = [each for each in metrics.request_times() if each.rule == "/a-route-of-this-test"]
    assert times.count == 100
    assert times.mean == pytest.approx(0.0138)
    assert times.slow == 0.005
    for _ in range(20):
        metrics.request_answered("/a-route-of-this-test", 500, 60)
    (times,) = [each for each in metrics.request_times() if each.rule == "/a-route-of-this-test"]
    assert times.slow is None


def test_a_wait_for_a_turn_is_counted_whether_it_was_had_or_not():
    """A refusal after ten seconds is the longest wait of all."""
    before = metrics.write_wait().count
    with pytest.raises(RuntimeError), metrics.waiting_to_write():
        raise RuntimeError
    assert metrics.write_wait().count == before + 1


def test_every_write_of_the_database_tells_how_long_it_waited(runtime, clinic):
    """Reading waits for nobody."""
    before = metrics.write_wait().count
    with runtime.reading(clinic.system):
        pass
    assert metrics.write_wait().count == before
    with runtime.writing(clinic.system):
        pass
    assert metrics.write_wait().count == before + 1


def test_what_was_not_kept_is_not_counted(runtime, clinic):
    """A transaction that fails at its end has booked nothing."""
    counted = []
    with pytest.raises(RuntimeError), runtime.writing(clinic.system) as unit:
        unit.once_kept(lambda: counted.append("lost"))
        raise RuntimeError
    with runtime.writing(clinic.system) as unit:
        unit.once_kept(lambda: counted.append("kept"))
        assert counted == []
    assert counted == ["kept"]


def test_every_figure_has_its_words_and_the_planners_name():
    """Somebody else's dashboards read them."""
    for family in metrics.REGISTRY.collect():
        assert family.documentation
        assert family.name.startswith(("planner_", "process_"))


def test_a_booked_course_is_counted_once_and_its_repair_is_another_matter(runtime, clinic):
    """Through the services, as the pages do it."""
    bookings, repairs = value("planner_bookings_total"), value("planner_repairs_total", kind="cancelled")
    course = book_ana(runtime, clinic)
    assert value("planner_bookings_total") == bookings + 1
    attendance.cancel(runtime, clinic.rosa.actor, course.appointment(3).id)
    assert value("planner_bookings_total") == bookings + 1
    assert value("planner_repairs_total", kind="cancelled") == repairs + 1


def test_what_became_of_a_message_is_counted(runtime, clinic, clock, mailer):
    """Put off first, then sent."""
    sent, put_off = (value("planner_messages_total", outcome=outcome) for outcome in ("sent", "put_off"))
    book_ana(runtime, clinic)
    clock.advance(minutes=10)
    mailer.fails_with = TemporaryFailure("The mail server is away.")
    messages.send_outbox(runtime)
    assert value("planner_messages_total", outcome="put_off") == put_off + 1
    mailer.fails_with = None
    clock.advance(minutes=10)
    messages.send_outbox(runtime)
    assert value("planner_messages_total", outcome="sent") == sent + 1


def test_a_planning_that_ran_as_a_job_tells_its_time_and_its_gap(runtime, clinic):
    """One that fails has neither."""

    def think(_runtime, _actor, request, watch):
        watch.progress(110, 100, 0.1, 1)
        if request:
            raise NotFound("gone")
        return {}

    before = value("planner_solve_gap_percent_count", kind="a-test")
    for request in ({}, {"fail": True}):
        job_id = new_id()
        solve_jobs.start(runtime, clinic.rosa.actor, "a-test", request, think, job_id=job_id)
        finished(runtime, clinic, job_id)
    assert value("planner_solve_gap_percent_count", kind="a-test") == before + 1
    assert value("planner_solve_gap_percent_bucket", kind="a-test", le="5.0") == before
    assert value("planner_solve_gap_percent_bucket", kind="a-test", le="10.0") == before + 1
    assert value("planner_solve_seconds_count", kind="a-test") == before + 1

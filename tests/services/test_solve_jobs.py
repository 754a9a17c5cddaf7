"""Long solves run beside the requests: watched, stopped, taken over when their process died."""

import threading
import time

import pytest
from structlog.contextvars import get_contextvars

from planner.errors import InvalidInput, NotFound, QueueFull, SlotTaken, StaleForm
from planner.services import job_rows, solve_jobs
from planner.services.tidy import tidy
from planner.storage.ids import new_id
from planner.storage.jobs import SolveJobRow
from tests.services.many_patients import finished


def started(runtime, clinic, work, request=None):
    """A job that does this work; its id."""
    job_id = new_id()
    solve_jobs.start(runtime, clinic.rosa.actor, "test", request or {}, work, job_id=job_id)
    return job_id


def test_a_job_keeps_the_answer_and_how_far_it_came(runtime, clinic):
    """It is told what to solve as JSON, and gives JSON."""

    def work(runtime, actor, request, watch):
        watch.progress(120, 100, 0.5, 3)
        return {"twice": request["number"] * 2}

    job = finished(runtime, clinic, started(runtime, clinic, work, {"number": 21}))
    assert (job.status, job.answer, job.actor) == ("done", {"twice": 42}, "Rosa Lind")
    assert job.progress == job_rows.Progress(120, 100, 0.5)
    assert round(job.progress.gap_percent, 1) == 20.0


def test_what_a_job_logs_has_its_number_and_who_asked(runtime, clinic):
    """By numbers, whichever module says it."""
    heard = []
    job_id = started(runtime, clinic, lambda *_: heard.append(get_contextvars()) or {})
    finished(runtime, clinic, job_id)
    assert heard == [{"job": job_id, "clinic": clinic.id, "staff": clinic.rosa.id}]


def test_a_running_job_can_be_stopped_and_keeps_its_best(runtime, clinic):
    """The search hears of it within two beats; meanwhile others write to the database."""

    def work(runtime, actor, request, watch):
        watch.progress(50, 40, 0.0, 0)
        while not watch.stopped():
            time.sleep(0.01)
        return {"best": 50}

    job_id = started(runtime, clinic, work)
    assert solve_jobs.look(runtime, clinic.rosa.actor, job_id).running
    with pytest.raises(InvalidInput):
        solve_jobs.start_again(runtime, clinic.rosa.actor, job_id, work)
    solve_jobs.ask_stop(runtime, clinic.rosa.actor, job_id)
    job = finished(runtime, clinic, job_id)
    assert (job.status, job.answer, job.stopping) == ("done", {"best": 50}, True)


def until_stopped(runtime, actor, request, watch):
    """A search that goes on until it is told to end."""
    watch.progress(50, 40, 0.0, 0)
    while not watch.stopped():
        time.sleep(0.01)
    return {"best": 50}


def test_a_clinic_can_not_begin_more_than_some_at_once(runtime, clinic, other_clinic):
    """One more is refused with what to do; another clinic is not concerned; when one is over there is room again."""
    jobs = [started(runtime, clinic, until_stopped) for _ in range(job_rows.MOST_AT_ONCE)]
    with pytest.raises(QueueFull, match="3 plannings are running already"):
        started(runtime, clinic, until_stopped)
    started(runtime, other_clinic, until_stopped)
    solve_jobs.ask_stop(runtime, clinic.rosa.actor, jobs[0])
    finished(runtime, clinic, jobs[0])
    jobs.append(started(runtime, clinic, until_stopped))
    with pytest.raises(QueueFull):
        solve_jobs.start_again(runtime, clinic.rosa.actor, jobs[0], until_stopped)
    solve_jobs.stop_all()
    assert solve_jobs.wait_for_all(10)


def test_a_job_whose_process_died_takes_nobodys_room(runtime, clinic, clock):
    """It will never be over by itself."""
    for _ in range(job_rows.MOST_AT_ONCE):
        job_rows.open_job(runtime, clinic.rosa.actor, "test", {}, new_id())
    clock.advance(seconds=job_rows.LEASE.total_seconds() + 1)
    assert job_rows.open_job(runtime, clinic.rosa.actor, "test", {}, new_id()) is not None


def test_what_searches_found_is_kept_when_the_program_ends(runtime, clinic):
    """All of them are told, and written down before the time is over; one that does not listen is left behind."""
    jobs = [started(runtime, clinic, until_stopped) for _ in range(2)]
    solve_jobs.stop_all()
    assert solve_jobs.wait_for_all(10)
    for job_id in jobs:
        job = solve_jobs.look(runtime, clinic.rosa.actor, job_id)
        assert (job.status, job.answer) == ("done", {"best": 50})
    go_on = threading.Event()
    deaf = started(runtime, clinic, lambda *_: {"late": go_on.wait(60)})
    solve_jobs.stop_all()
    assert not solve_jobs.wait_for_all(0.1)
    go_on.set()
    finished(runtime, clinic, deaf)


def test_the_same_form_sent_twice_begins_one_solve(runtime, clinic):
    """The number comes with the form."""
    runs, job_id = [], new_id()

    def work(runtime, actor, request, watch):
        runs.append(1)
        return {}

    for _ in range(2):
        solve_jobs.start(runtime, clinic.rosa.actor, "test", {}, work, job_id=job_id)
    finished(runtime, clinic, job_id)
    assert runs == [1]


@pytest.mark.parametrize(
    ("error", "says"),
    [(SlotTaken("Somebody has it."), "Somebody has it."), (ZeroDivisionError("oops"), "The program's log says why")],
)
def test_a_job_that_fails_says_why_and_can_be_started_again(runtime, clinic, error, says):
    """A refusal in its own words, a bug in the log."""

    def broken(runtime, actor, request, watch):
        raise error

    job_id = started(runtime, clinic, broken)
    job = finished(runtime, clinic, job_id)
    assert job.status == "failed"
    assert says in job.error
    solve_jobs.start_again(runtime, clinic.rosa.actor, job_id, lambda *_: {"well": "now"})
    assert finished(runtime, clinic, job_id).answer == {"well": "now"}


def test_a_job_whose_process_died_is_seen_as_failed_and_taken_over(runtime, clinic, clock):
    """Its row beats no more; what the dead run might still write is not taken."""
    job = job_rows.open_job(runtime, clinic.rosa.actor, "test", {}, new_id())
    clock.advance(seconds=29)
    assert solve_jobs.look(runtime, clinic.rosa.actor, job.id).running
    clock.advance(seconds=2)
    assert solve_jobs.look(runtime, clinic.rosa.actor, job.id).status == "failed"
    assert solve_jobs.mark_abandoned(runtime).done == 1
    assert solve_jobs.mark_abandoned(runtime).done == 0
    solve_jobs.start_again(runtime, clinic.rosa.actor, job.id, lambda *_: {"by": "the second"})
    finished(runtime, clinic, job.id)
    job_rows.end(runtime, clinic.rosa.actor, job, answer={"by": "the first"})
    assert solve_jobs.look(runtime, clinic.rosa.actor, job.id).answer == {"by": "the second"}
    assert not job_rows.beat(runtime, clinic.rosa.actor, job, None)


def test_a_job_that_beats_is_not_abandoned(runtime, clinic, clock):
    """However long it takes."""
    job = job_rows.open_job(runtime, clinic.rosa.actor, "test", {}, new_id())
    for _ in range(5):
        clock.advance(seconds=20)
        assert job_rows.beat(runtime, clinic.rosa.actor, job, job_rows.Progress(9, 8, 1.0))
        assert solve_jobs.mark_abandoned(runtime).done == 0


def test_thinking_holds_no_lock(runtime, clinic):
    """Somebody else writes while a job thinks."""
    thinking, go_on = threading.Event(), threading.Event()

    def work(runtime, actor, request, watch):
        thinking.set()
        go_on.wait(60)
        return {}

    job_id = started(runtime, clinic, work)
    assert thinking.wait(60)
    with runtime.writing(clinic.mo.actor) as unit:
        unit.audit("written meanwhile", "test")
    go_on.set()
    assert finished(runtime, clinic, job_id).status == "done"


def test_an_answer_is_used_once(runtime, clinic):
    """In the transaction that uses it; if that fails, it waits on."""
    job_id = started(runtime, clinic, lambda *_: {"a": 1})
    finished(runtime, clinic, job_id)
    with pytest.raises(ZeroDivisionError), runtime.writing(clinic.rosa.actor) as unit:
        job_rows.use(unit, job_id, "test")
        raise ZeroDivisionError
    with pytest.raises(InvalidInput), runtime.writing(clinic.rosa.actor) as unit:
        job_rows.use(unit, job_id, "another kind")
    with runtime.writing(clinic.rosa.actor) as unit:
        assert job_rows.use(unit, job_id, "test").answer == {"a": 1}
    with pytest.raises(StaleForm), runtime.writing(clinic.rosa.actor) as unit:
        job_rows.use(unit, job_id, "test")
    with pytest.raises(StaleForm):
        solve_jobs.start_again(runtime, clinic.rosa.actor, job_id, lambda *_: {})


def test_a_job_of_another_clinic_is_not_found(runtime, clinic, other_clinic):
    """Neither seen nor stopped nor started again."""
    job_id = started(runtime, clinic, lambda *_: {})
    finished(runtime, clinic, job_id)
    for step in (solve_jobs.look, solve_jobs.ask_stop):
        with pytest.raises(NotFound):
            step(runtime, other_clinic.rosa.actor, job_id)


def test_old_jobs_are_tidied_away(runtime, clinic, clock):
    """They carry names of no use any more; a young one stays."""
    old = started(runtime, clinic, lambda *_: {})
    finished(runtime, clinic, old)
    clock.advance(days=15)
    young = started(runtime, clinic, lambda *_: {})
    finished(runtime, clinic, young)
    tidy(runtime)
    with runtime.reading(clinic.system) as unit:
        assert unit.session.get(SolveJobRow, (clinic.id, old)) is None
        assert unit.session.get(SolveJobRow, (clinic.id, young)) is not None

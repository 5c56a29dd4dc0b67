"""Deploys: a worker that is stopped ends in time, spends no attempt and leaves nothing behind."""

import os
import signal
import time

import pytest

from jobs.models import Attempt, Job, Node, Token
from jobs.states import State
from tests.acceptance import workload
from tests.acceptance.stack import wait_until

POOLS = ["prefork", "threads", "solo"]
#: What a stop may take beyond the time that jobs are given, on a slow machine.
SLACK = 40


def lines(path):
    return path.read_text().split() if path.exists() else []


def all_finished():
    return not Job.objects.unfinished().exists()


def is_running(result):
    return lambda: Job.objects.filter(id=result.id, state=State.RUNNING).exists()


def nothing_is_left_of(worker):
    try:
        os.killpg(worker.pid, 0)
    except ProcessLookupError:
        return True
    return False


def started_worker(stack, pool, path, **environment):
    """A worker with a job that would run for a minute."""
    worker = stack.worker("-P", pool, "-c", "2", name="old", **environment)
    result = workload.long_at_first.delay(str(path))
    wait_until(is_running(result), 30)
    return worker, result


def assert_interrupted_then_done(stack, worker, result, path):
    """The attempt is kept and not counted; the job is free, and the next worker ends it."""
    wait_until(lambda: nothing_is_left_of(worker), 10)
    job = Job.objects.get(id=result.id)
    assert job.state in (State.QUEUED, State.SCHEDULED)
    assert (job.worker, job.attempt, job.crashes) == ("", 0, 0)
    attempt = Attempt.objects.get(job=job)
    assert (attempt.outcome, attempt.number) == (Attempt.Outcome.INTERRUPTED, 1)
    assert "no attempt is spent" in attempt.error_message
    assert not Node.objects.exists()
    stack.worker("-c", "1", name="next")
    wait_until(all_finished, 40)
    job.refresh_from_db()
    assert (job.state, job.attempt, job.crashes) == (State.SUCCEEDED, 1, 0)
    assert lines(path) == ["ran", "ran"]


@pytest.mark.parametrize("pool", POOLS)
def test_a_second_term_interrupts_what_runs(stack, tmp_path, pool):
    worker, result = started_worker(stack, pool, tmp_path / "ran")
    worker.signal(signal.SIGTERM)
    with pytest.raises(Exception, match="timed out"):
        worker.process.wait(1.5)
    worker.signal(signal.SIGTERM)
    assert worker.process.wait(SLACK) == 0, worker.text()
    assert_interrupted_then_done(stack, worker, result, tmp_path / "ran")


@pytest.mark.parametrize("pool", POOLS)
def test_what_runs_is_interrupted_when_the_time_to_stop_is_over(stack, tmp_path, pool):
    worker, result = started_worker(stack, pool, tmp_path / "ran", STOP_SECONDS="2")
    begun = time.monotonic()
    worker.signal(signal.SIGTERM)
    assert worker.process.wait(2 + SLACK) == 0, worker.text()
    assert time.monotonic() - begun > 1.9
    assert_interrupted_then_done(stack, worker, result, tmp_path / "ran")


@pytest.mark.parametrize("pool", POOLS)
def test_quit_interrupts_at_once(stack, tmp_path, pool):
    worker, result = started_worker(stack, pool, tmp_path / "ran")
    worker.signal(signal.SIGQUIT)
    assert worker.process.wait(SLACK) == 0, worker.text()
    assert_interrupted_then_done(stack, worker, result, tmp_path / "ran")


@pytest.mark.parametrize("pool", POOLS)
def test_the_rest_goes_back_at_once_and_not_when_the_stop_is_over(stack, tmp_path, pool):
    running = [workload.long_at_first.delay(str(tmp_path / "ran"), n) for n in "ab"]
    waiting = [workload.append.delay(str(tmp_path / "other"), n) for n in range(6)]
    ids = [result.id for result in waiting]
    worker = stack.worker("-P", pool, "-c", "2", name="old", ready=False, WORKER_PREFETCH="8")
    wait_until(is_running(running[0]), 30)
    wait_until(lambda: Job.objects.filter(id__in=ids).exclude(worker="").count() == 6)
    worker.signal(signal.SIGTERM)
    # Long before the 25 s of the stop are over: what runs goes on.
    wait_until(lambda: not Job.objects.filter(id__in=ids).exclude(worker="").exists(), 20)
    assert Job.objects.get(id=running[0].id).state == State.RUNNING
    stack.worker("-c", "2", name="next")
    wait_until(lambda: len(lines(tmp_path / "other")) == 6, 30)
    wait_until(lambda: Job.objects.filter(id__in=ids, state=State.SUCCEEDED).count() == 6)
    assert set(Job.objects.filter(id__in=ids).values_list("attempt")) == {(1,)}


def test_a_runner_that_sends_term_to_the_children_too_spends_no_attempt(stack, tmp_path):
    worker, result = started_worker(stack, "prefork", tmp_path / "ran")
    os.killpg(worker.pid, signal.SIGTERM)
    worker.process.wait(25 + SLACK)
    assert_interrupted_then_done(stack, worker, result, tmp_path / "ran")


def test_a_shutdown_by_remote_control_has_the_same_time_limit(stack, tmp_path):
    worker, result = started_worker(stack, "prefork", tmp_path / "ran", STOP_SECONDS="1")
    stack.run("control", "celery", "-A", "config", "control", "shutdown")
    worker.process.wait(60 + SLACK)  # of which the command itself takes its time to start
    assert_interrupted_then_done(stack, worker, result, tmp_path / "ran")


def test_an_interrupted_job_keeps_its_place_in_its_lane(stack, tmp_path):
    path = tmp_path / "ran"
    worker = stack.worker("-c", "2", name="old")
    for line in "abc":
        last = workload.long_at_first.apply_async(
            (str(path), line, 60 if line == "a" else 0), lane="strict"
        )
    wait_until(lambda: lines(path) == ["a"])
    worker.signal(signal.SIGQUIT)
    worker.process.wait(SLACK)
    stack.worker("-c", "2", name="next")
    assert last.get(timeout=40) == "c"
    assert lines(path) == ["a", "a", "b", "c"]


def test_an_interrupted_job_that_somebody_has_cancelled_ends(stack, tmp_path):
    worker, result = started_worker(stack, "threads", tmp_path / "ran", CANCEL_GRACE_SECONDS="60")
    result.revoke(terminate=True)
    worker.signal(signal.SIGQUIT)
    worker.process.wait(SLACK)
    job = wait_until(lambda: Job.objects.filter(id=result.id, state="cancelled").first())
    assert Attempt.objects.get(job=job).outcome == Attempt.Outcome.INTERRUPTED


@pytest.mark.parametrize("pool", ["prefork", "threads"])
def test_a_rolling_deploy_under_load_loses_doubles_and_spends_nothing(stack, tmp_path, pool):
    """Some jobs are longer than a stop may take, others pay once: effects happen exactly once."""

    def deployed(generation):
        return [
            stack.worker("-P", pool, "-c", "2", name=f"g{generation}n{n}", STOP_SECONDS="1.5")
            for n in range(2)
        ]

    fleet = deployed(0)
    for number in range(240):
        if number % 40 == 0:
            workload.long_at_first.delay(str(tmp_path / "long"), f"long{number}", 8.0)
        workload.pay.delay(f"p{number}")
        workload.slow_append.delay(str(tmp_path / "ran"), number)
        if number in (80, 160):
            successors = deployed(number)
            for worker in fleet:
                worker.signal(signal.SIGTERM)
            assert [worker.process.wait(SLACK + 2) for worker in fleet] == [0, 0]
            fleet = successors
    wait_until(all_finished, 90)
    assert set(Job.objects.values_list("state", "attempt", "crashes")) == {("succeeded", 1, 0)}
    assert sorted(Token.objects.values_list("digest", flat=True)) == sorted(
        f"p{number}" for number in range(240)
    )
    assert set(map(int, lines(tmp_path / "ran"))) == set(range(240))
    outcomes = set(Attempt.objects.values_list("outcome", flat=True))
    assert outcomes == {Attempt.Outcome.INTERRUPTED}

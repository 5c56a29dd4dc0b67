"""A job's life through a real worker, for every way in and every pool."""

import pytest
from celery import chain, chord, current_app, group
from celery.exceptions import TaskRevokedError
from django.db import transaction
from django.utils import timezone

from jobs.engine.actions.job_actions import cancel_jobs, retry_jobs
from jobs.models import Attempt, Job, LogLine
from jobs.states import State
from tests.acceptance import workload
from tests.acceptance.stack import wait_until


def finished(job_id):
    return Job.objects.filter(id=job_id, finished_at__isnull=False).first()


@pytest.fixture(scope="module", params=["prefork", "threads", "solo"])
def worker(request, shared_stack):
    """A worker of each pool, for all tests that only need one."""
    worker = shared_stack.worker("-P", request.param, "-c", "2", name=request.param)
    yield worker
    worker.stop()


def test_every_way_of_celery_to_submit_ends_in_a_row_that_succeeds(worker, shared_stack):
    own_id = f"my very own id for {worker.name}"
    results = {
        "delay": workload.add.delay(1, 2),
        "apply_async": workload.add.apply_async((1, 2), queue="celery", priority=9),
        "countdown": workload.add.apply_async((1, 2), countdown=0.5),
        "send_task": current_app.send_task("test.add", (1, 2)),
        "own id": workload.add.apply_async((1, 2), task_id=own_id),
        "chain": chain(workload.add.s(0, 1), workload.add.s(2))(),
        "chord": chord([workload.add.s(0, 1), workload.add.s(1, 1)])(workload.total.s()),
        "replace": workload.replace.delay(1, 2),
    }
    assert {name: result.get(timeout=20) for name, result in results.items()} == dict.fromkeys(
        results, 3
    )
    assert group(workload.add.s(i, i) for i in range(5))().get(timeout=20) == [0, 2, 4, 6, 8]
    assert Job.objects.get(id=own_id).result == "3"
    assert Job.objects.get(id=results["chord"].id).state == State.SUCCEEDED
    called = shared_stack.celery("call", "test.add", "--args", "[1, 2]", "--kwargs", "{}").strip()
    assert wait_until(lambda: finished(called)).state == State.SUCCEEDED


def test_a_failed_job_keeps_its_error_and_raises_it_again(worker):
    result = workload.fail.delay("no such file")
    with pytest.raises(ValueError, match="no such file"):
        result.get(timeout=20)
    job = Job.objects.get(id=result.id)
    attempt = Attempt.objects.get(job=job)
    assert (job.state, job.error_type, job.attempt) == (State.FAILED, "ValueError", 1)
    assert attempt.outcome == Attempt.Outcome.FAILED
    assert "raise ValueError(message)" in attempt.traceback
    assert result.state == "FAILURE"


def test_a_retried_job_keeps_every_attempt_and_its_log(worker, tmp_path):
    result = workload.flaky.delay(str(tmp_path / "ran"), 3)
    assert result.get(timeout=30) == 3
    assert (tmp_path / "ran").read_text().split() == ["1", "2", "3"]
    attempts = Attempt.objects.filter(job=result.id).values_list("number", "outcome")
    assert list(attempts) == [(1, "retried"), (2, "retried")]
    lines = LogLine.objects.filter(job=result.id).values_list("attempt", "text")
    assert list(lines) == [(1, "attempt 1"), (2, "attempt 2"), (3, "attempt 3")]


def test_celery_retries_by_itself_with_back_off_until_the_retries_are_used_up(worker):
    result = workload.auto_retry.delay()
    with pytest.raises(OSError, match="disk full"):
        result.get(timeout=30)
    job = Job.objects.get(id=result.id)
    assert (job.attempt, job.max_attempts, job.state) == (3, 3, State.FAILED)


def test_what_a_task_logs_and_its_progress_are_kept(worker):
    talk, hold = workload.talk.delay(), workload.hold.delay(0.3)
    assert talk.get(timeout=20) == "done"
    lines = LogLine.objects.filter(job=talk.id).values_list("level", "text")
    assert list(lines) == [
        ("INFO", "said with log()"),
        ("WARNING", "said with logging, formatted"),
    ]
    steps = hold.get(timeout=20)
    job = Job.objects.get(id=hold.id)
    assert (job.progress_done, job.progress_message) == (steps, "holding")


def test_a_running_job_that_looks_for_it_is_cancelled(worker):
    result = workload.hold.delay(60)
    wait_until(lambda: Job.objects.filter(id=result.id, state=State.RUNNING).exists())
    assert cancel_jobs([result.id], by="the test") == 1
    with pytest.raises(TaskRevokedError):
        result.get(timeout=20)
    job = Job.objects.get(id=result.id)
    assert job.state == State.CANCELLED
    assert job.error_message.startswith("Cancelled by the test.")


def test_a_finished_job_can_be_run_again_by_a_person(worker):
    result = workload.fail.delay()
    wait_until(lambda: finished(result.id))
    assert retry_jobs([result.id], by="ann") == 1
    job = wait_until(lambda: Job.objects.filter(id=result.id, attempt=2, state="failed").first())
    assert job.requested_by == "ann"
    assert Attempt.objects.filter(job=job).count() == 2


def test_a_broken_chain_fails_its_rest_and_a_broken_chord_its_body(worker):
    last = chain(workload.fail.si(), workload.add.s(1), workload.add.s(2))()
    body = chord([workload.add.s(1, 1), workload.fail.s()])(workload.total.s())
    for result in (last, body):
        wait_until(lambda result=result: finished(result.id))
        assert Job.objects.get(id=result.id).state == State.FAILED
    assert Job.objects.get(id=last.id).error_type == "UpstreamFailed"
    assert Job.objects.get(id=body.id).error_type == "ChordError"


def test_a_deaf_job_is_killed_after_the_grace_time(stack):
    stack.worker("-c", "1")
    result = workload.deaf.delay(60)
    wait_until(lambda: Job.objects.filter(id=result.id, state=State.RUNNING).exists())
    cancel_jobs([result.id], by="the test")
    job = wait_until(lambda: finished(result.id))
    assert job.state == State.CANCELLED
    assert workload.add.delay(1, 1).get(timeout=20) == 2


def test_time_limits_end_a_job_and_say_so(stack):
    stack.worker("-c", "2")
    hard, soft = workload.limited.delay(), workload.softly_limited.delay()
    assert wait_until(lambda: finished(hard.id)).error_type == "TimeLimitExceeded"
    assert wait_until(lambda: finished(soft.id)).error_type == "SoftTimeLimitExceeded"
    outcomes = Attempt.objects.values_list("outcome", flat=True)
    assert set(outcomes) == {Attempt.Outcome.TIMED_OUT}


def test_jobs_submitted_in_a_transaction_start_after_its_commit_and_know_their_parent(stack):
    stack.worker("-c", "1")
    with transaction.atomic():
        result = workload.submit_more.delay(3)
        assert Job.objects.get(id=result.id).state == State.QUEUED
    children = result.get(timeout=20)
    wait_until(lambda: not Job.objects.unfinished().exists())
    assert set(Job.objects.filter(parent=result.id).values_list("id", flat=True)) == set(children)


def test_a_waiting_job_is_cancelled_without_any_worker_and_never_runs(stack, tmp_path):
    result = workload.append.delay(str(tmp_path / "ran"), "x")
    result.revoke()
    assert Job.objects.get(id=result.id).state == State.CANCELLED
    stack.worker("-c", "1")
    assert workload.add.delay(1, 1).get(timeout=20) == 2
    assert not (tmp_path / "ran").exists()


def test_an_expired_job_does_not_run(stack, tmp_path):
    result = workload.append.apply_async((str(tmp_path / "ran"), "x"), expires=0.2)
    wait_until(lambda: Job.objects.get(id=result.id).expires_at < timezone.now())
    stack.worker("-c", "1")
    job = wait_until(lambda: finished(result.id))
    assert (job.state, job.error_type) == (State.CANCELLED, "Expired")
    assert not (tmp_path / "ran").exists()

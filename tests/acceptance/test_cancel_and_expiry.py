"""A cancel keeps who asked, whatever dies; an expiry says what had not begun in time."""

import pytest

from jobs.engine.actions.job_actions import cancel_jobs, retry_jobs
from jobs.models import Attempt, Job
from jobs.states import State
from tests.acceptance import long_workload, workload
from tests.acceptance.stack import wait_until


def ended(id, seconds=30):
    return wait_until(lambda: Job.objects.filter(id=id, finished_at__isnull=False).first(), seconds)


def test_who_cancelled_is_kept_when_the_worker_dies_before_it_could_stop_the_job(stack, tmp_path):
    worker = stack.worker("-c", "1")
    id = workload.long_at_first.delay(str(tmp_path / "ran")).id
    wait_until(lambda: Job.objects.filter(id=id, state=State.RUNNING).exists())
    worker.freeze()  # so that it sees nothing of the cancel
    cancel_jobs([id], by="ann")
    worker.kill()
    stack.worker("-c", "1", name="next")
    job = ended(id)
    assert (job.state, job.error_type, job.crashes) == (State.CANCELLED, "Cancelled", 1)
    assert "ann" in job.error_message
    assert (tmp_path / "ran").read_text().split() == ["ran"]
    assert Attempt.objects.get(job=id).outcome == "crashed"


def test_who_cancelled_is_kept_when_a_worker_dies_that_had_only_claimed_it(stack, tmp_path):
    worker = stack.worker("-c", "1")
    workload.deaf.delay(60.0)
    wait_until(lambda: Job.objects.filter(state=State.RUNNING).exists())
    id = workload.append.delay(str(tmp_path / "ran"), "x").id
    wait_until(lambda: Job.objects.exclude(worker="").filter(id=id).exists())
    worker.freeze()
    cancel_jobs([id], by="ann")
    worker.kill()
    stack.worker("-c", "1", name="next")
    job = ended(id)
    assert (job.state, job.attempt) == (State.CANCELLED, 0)
    assert "ann" in job.error_message
    assert not (tmp_path / "ran").exists()


def test_a_retry_that_is_not_due_in_time_is_told_from_a_start_that_was_not(stack):
    stack.worker("-c", "1", "-I", "tests.acceptance.long_workload")
    again = long_workload.fail_and_wait.apply_async(expires=2)
    first = workload.add.apply_async((1, 2), countdown=60, expires=2)
    job = ended(again.id)
    assert (job.state, job.error_type, job.attempt) == (State.CANCELLED, "Expired", 1)
    assert job.error_message == "Expired: its next attempt had not started in time."
    job = ended(first.id)
    assert (job.error_type, job.attempt) == ("Expired", 0)
    assert job.error_message == "Expired: it had not started in time."


@pytest.mark.parametrize("pool", ["prefork", "threads"])
def test_a_claimed_job_that_expires_before_a_slot_is_free_never_runs(stack, tmp_path, pool):
    stack.worker("-P", pool, "-c", "1")
    workload.hold.delay(4)
    wait_until(lambda: Job.objects.filter(state=State.RUNNING).exists())
    id = workload.append.apply_async((str(tmp_path / "ran"), "x"), expires=2).id
    wait_until(lambda: Job.objects.exclude(worker="").filter(id=id).exists(), 5)
    job = ended(id)
    assert (job.state, job.error_type, job.attempt) == (State.CANCELLED, "Expired", 0)
    assert not (tmp_path / "ran").exists()
    retry_jobs([id], by="ann")  # a person's retry takes the expiry back
    assert ended(id).state == State.SUCCEEDED

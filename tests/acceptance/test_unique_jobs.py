"""Unique jobs and idempotency keys, beside real workers that claim, run, end and die."""

import pytest

from jobs.engine.actions.job_actions import retry_jobs
from jobs.errors import KeyOfAnotherTask, TooLateToReplace, UniqueKeyTaken
from jobs.models import Job
from tests.acceptance import workload
from tests.acceptance.stack import wait_until

REPLACE = {"unique": "cart-7", "unique_for": "waiting", "on_conflict": "replace"}


def ran(path):
    return path.read_text().split() if path.exists() else []


def all_finished():
    return not Job.objects.unfinished().exists()


def is_in(id, *states):
    return Job.objects.filter(id=id, state__in=states).exists()


def is_claimed(id):
    return Job.objects.filter(id=id, state="queued").exclude(worker="").exists()


def test_new_arguments_are_not_lost_when_a_worker_has_claimed_the_old_ones(stack):
    stack.worker("-c", "1")
    long = workload.deaf.delay(3)
    wait_until(lambda: is_in(long.id, "running"))
    first = workload.add.apply_async((1, 1), **REPLACE)
    wait_until(lambda: is_claimed(first.id))
    second = workload.add.apply_async((20, 30), **REPLACE)
    third = workload.add.apply_async((30, 40), **REPLACE)
    assert second.id != first.id
    assert second.get(timeout=20) in (50, 70)
    wait_until(all_finished, 20)
    assert Job.objects.get(id=third.id).result == "70"


def test_no_replacement_is_lost_while_a_worker_takes_jobs(stack, tmp_path):
    stack.worker("-c", "2")
    path = tmp_path / "ran"
    for number in range(60):
        workload.append.apply_async((str(path), number), **REPLACE)
    wait_until(all_finished, 30)
    assert ran(path)[-1] == "59"


def test_a_running_job_takes_no_new_arguments_and_says_so(stack):
    stack.worker("-c", "1")
    options = {"unique": "k", "on_conflict": "replace"}
    first = workload.hold.apply_async((2,), **options)
    wait_until(lambda: is_in(first.id, "running"))
    with pytest.raises(TooLateToReplace, match="has begun"):
        workload.hold.apply_async((0,), **options)
    assert first.get(timeout=20)
    assert workload.hold.apply_async((0,), **options).get(timeout=20) == 0


def test_the_waiting_job_of_an_unfinished_key_or_a_period_takes_new_arguments(stack):
    for scope in ("unfinished", 60):
        options = {"unique": f"{scope}", "unique_for": scope, "on_conflict": "replace"}
        first = workload.add.apply_async((1, 1), **options)
        assert workload.add.apply_async((20, 30), **options).id == first.id
    stack.worker("-c", "1")
    wait_until(all_finished, 20)
    assert set(Job.objects.values_list("result", flat=True)) == {"50"}


def test_a_period_that_is_over_keeps_no_call_out_without_any_worker(stack):
    worker = stack.worker("-c", "1")
    first = workload.add.apply_async((1, 2), unique="digest", unique_for=2)
    wait_until(lambda: is_in(first.id, "succeeded"))
    assert workload.add.apply_async((1, 2), unique="digest", unique_for=2).id == first.id
    worker.kill()
    wait_until(
        lambda: workload.add.apply_async((1, 2), unique="digest", unique_for=2).id != first.id, 5
    )


def test_a_retry_by_a_person_takes_its_unique_key_again(stack):
    first = workload.fail.apply_async(("x",), unique="k")
    worker = stack.worker("-c", "1")
    wait_until(all_finished, 20)
    worker.stop()
    assert retry_jobs([first.id], by="ann") == 1
    assert workload.fail.apply_async(("x",), unique="k").id == first.id
    stack.worker("-c", "1", name="heir")
    wait_until(all_finished, 20)
    assert workload.fail.apply_async(("x",), unique="k").id != first.id


def test_a_retry_does_not_run_beside_the_job_that_has_its_key(stack):
    first = workload.fail.apply_async(("x",), unique="k")
    worker = stack.worker("-c", "1")
    wait_until(all_finished, 20)
    worker.stop()
    second = workload.fail.apply_async(("x",), unique="k")
    with pytest.raises(UniqueKeyTaken, match=second.id):
        retry_jobs([first.id], by="ann")
    assert is_in(first.id, "failed")


def test_an_idempotency_key_of_another_task_is_an_error(stack):
    stack.worker("-c", "1")
    first = workload.add.apply_async((1, 2), idempotency_key="payment-93")
    with pytest.raises(KeyOfAnotherTask, match=f"{first.id} of test.add"):
        workload.append.apply_async(("/dev/null", "x"), idempotency_key="payment-93")
    first.get(timeout=20)
    with pytest.raises(KeyOfAnotherTask):
        workload.append.apply_async(("/dev/null", "x"), idempotency_key="payment-93")
    assert Job.objects.count() == 1


@pytest.mark.parametrize("shape", ["task", "chain", "group", "chord"])
def test_a_job_that_becomes_another_task_keeps_its_idempotency_key(stack, shape):
    def submit():
        if shape == "task":
            return workload.replace.apply_async((1, 2), idempotency_key="k")
        return workload.become.apply_async((shape,), idempotency_key="k")

    stack.worker("-c", "1")
    first = submit()
    wait_until(all_finished, 20)
    assert is_in(first.id, "succeeded")
    assert submit().id == first.id

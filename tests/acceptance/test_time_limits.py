"""Time limits in each pool: what is enforced, and what is said where it cannot be."""

import pytest

from jobs.engine.worker.stopping import EXIT_DEAF
from jobs.models import Attempt, Job
from jobs.states import State
from tests.acceptance import long_workload, retry_workload, workload
from tests.acceptance.stack import wait_until

TASKS = ("-I", "tests.acceptance.long_workload,tests.acceptance.retry_workload")


def ended(id):
    return Job.objects.filter(id=id, finished_at__isnull=False).first()


def test_a_solo_worker_ends_itself_at_a_hard_limit_and_only_that_job_pays(stack, tmp_path):
    worker = stack.worker("-P", "solo", *TASKS)
    id = long_workload.hang_deaf.delay(str(tmp_path / "ran")).id
    wait_until((tmp_path / "ran").exists)
    beside = [workload.add.delay(n, 1) for n in range(3)]
    assert worker.process.wait(15) == EXIT_DEAF
    job = ended(id)
    assert (job.state, job.error_type, job.attempt) == (State.FAILED, "TimeLimitExceeded", 1)
    assert Attempt.objects.get(job=id).outcome == "timed_out"
    rest = Job.objects.exclude(id=id)
    assert set(rest.values_list("state", "worker", "attempt")) == {("queued", "", 0)}
    stack.worker("-P", "solo", *TASKS, name="next")
    assert [result.get(timeout=20) for result in beside] == [1, 2, 3]


def test_a_retry_rule_for_the_hard_limit_holds_though_the_solo_worker_ends_with_it(stack):
    id = retry_workload.slow_ruled.delay().id
    for name in ("first", "second"):
        worker = stack.worker("-P", "solo", *TASKS, name=name)
        assert worker.process.wait(20) == EXIT_DEAF
    assert ended(id).error_type == "TimeLimitExceeded"
    attempts = list(Attempt.objects.filter(job=id).order_by("number"))
    assert [attempt.outcome for attempt in attempts] == ["timed_out", "timed_out"]
    assert attempts[0].verdict == "Attempt 1 of 2 by the rule for TimeLimitExceeded."


def test_a_limit_of_the_worker_itself_holds_for_solo(stack):
    worker = stack.worker("-P", "solo", "--time-limit", "1")
    id = workload.deaf.delay(60.0).id
    assert worker.process.wait(15) == EXIT_DEAF
    assert ended(id).error_type == "TimeLimitExceeded"


def test_a_solo_worker_is_interrupted_at_a_soft_limit_and_goes_on(stack):
    stack.worker("-P", "solo", *TASKS)
    id = workload.softly_limited.delay().id
    assert wait_until(lambda: ended(id), 15).error_type == "SoftTimeLimitExceeded"
    assert long_workload.look_for_a_limit.delay(60.0).get(timeout=15) == "soft"
    assert long_workload.look_for_a_limit.apply_async((0.5,)).get(timeout=15) == "through"
    assert workload.hold.delay(2).get(timeout=15)  # and its limit does not reach the next job


def test_a_task_in_a_thread_learns_of_its_soft_limit_when_it_looks(stack):
    stack.worker("-P", "threads", "-c", "2", *TASKS)
    assert long_workload.look_for_a_limit.delay(60.0).get(timeout=15) == "soft"
    id = workload.hold.apply_async((60.0,), soft_time_limit=1).id
    assert wait_until(lambda: ended(id), 15).error_type == "SoftTimeLimitExceeded"
    assert Attempt.objects.get(job=id).outcome == "timed_out"


@pytest.mark.parametrize(
    ("pool", "words"),
    [("prefork", ""), ("threads", "a hard time limit does nothing"), ("solo", "exits with 75")],
)
def test_a_worker_says_at_its_start_which_limits_it_cannot_keep(stack, pool, words):
    worker = stack.worker("-P", pool, "-c", "1")
    wait_until(lambda: words in worker.text())
    assert ("time limit" in worker.text()) == bool(words)

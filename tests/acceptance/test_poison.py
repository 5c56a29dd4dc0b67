"""A job that kills its whole worker before anybody could write that it has begun."""

import itertools

import pytest

from jobs.models import Attempt, Job
from tests.acceptance import fault_workload, workload
from tests.acceptance.stack import wait_until


def lines(path):
    return path.read_text().split() if path.exists() else []


@pytest.mark.parametrize("pool", ["prefork", "threads", "solo"])
def test_it_is_failed_as_poison_and_the_jobs_beside_it_run_once(stack, tmp_path, pool):
    poison = fault_workload.kill_worker.delay(str(tmp_path / "deaths"))
    beside = [workload.append.delay(str(tmp_path / "ran"), n) for n in range(20)]
    ids = [result.id for result in beside]
    workers = []

    def is_failed():
        if not workers or workers[-1].process.poll() is not None:
            worker = stack.worker(
                *("-P", pool, "-c", "1"), name=f"n{len(workers)}", ready=False, MAX_CRASHES="2"
            )
            workers.append(worker)
        return Job.objects.filter(id=poison.id, state="failed").first()

    job = wait_until(is_failed, 120)
    assert (job.crashes, job.error_type) == (2, "WorkerLost")
    assert "is not tried again" in job.error_message
    # The first death left no trace of its cause; every later one counts.
    assert len(lines(tmp_path / "deaths")) <= 3
    assert Attempt.objects.filter(job=job, outcome="crashed").count() == 2
    wait_until(lambda: is_failed() and not Job.objects.unfinished().exists(), 60)
    others = Job.objects.filter(id__in=ids)
    assert set(others.values_list("state", "crashes", "attempt")) == {("succeeded", 0, 1)}
    assert workload.add.delay(1, 1).get(timeout=30) == 2


def test_without_a_setting_the_third_death_of_its_process_is_the_last(stack, tmp_path):
    stack.worker("-c", "2")
    poison = fault_workload.kill_child.delay()
    job = wait_until(lambda: Job.objects.filter(id=poison.id, state="failed").first(), 60)
    assert (job.crashes, job.attempt, job.error_type) == (3, 3, "WorkerLost")
    assert "It has killed its worker 3 times and is not tried again." in job.error_message
    crashes = Attempt.objects.filter(job=job, outcome="crashed").order_by("number")
    begun = [attempt.started_at for attempt in crashes]
    waits = [(b - a).total_seconds() for a, b in itertools.pairwise(begun)]
    assert [2 <= waits[0] < 12, 15 <= waits[1] < 30] == [True, True], waits
    assert workload.add.delay(1, 1).get(timeout=30) == 2

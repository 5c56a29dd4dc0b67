"""Priorities across a large backlog, with the settings that everybody has."""

import pytest

from jobs.engine.bulk import submit_many
from jobs.models import Job
from tests.acceptance import workload
from tests.acceptance.stack import wait_until

SLOTS = 2
#: WORKER_PREFETCH, by default.
AHEAD = 2


def succeeded(priority):
    return Job.objects.filter(priority=priority, state="succeeded")


@pytest.mark.parametrize("before", ["before the worker", "while it works"])
def test_9_goes_before_a_backlog_of_thousands(stack, tmp_path, before):
    path = str(tmp_path / "ran")
    submit_many(workload.slow_append, [((path, "0"), {}) for _ in range(3_000)], priority=0)
    if before == "before the worker":
        submit_many(workload.slow_append, [((path, "9"), {}) for _ in range(10)], priority=9)
        stack.worker("-c", str(SLOTS))
    else:
        stack.worker("-c", str(SLOTS))
        wait_until(lambda: succeeded(0).count() >= 10)
        submit_many(workload.slow_append, [((path, "9"), {}) for _ in range(10)], priority=9)
    wait_until(lambda: succeeded(9).count() == 10)
    begun = list(Job.objects.exclude(started_at=None).order_by("started_at"))
    nines = [place for place, job in enumerate(begun) if job.priority == 9]
    between = [job for job in begun[nines[0] : nines[-1]] if job.priority == 0]
    assert between == []
    if before == "before the worker":
        assert nines[0] == 0
    else:
        submitted = begun[nines[0]].created_at
        overtaken = [job for job in begun[: nines[0]] if job.started_at > submitted]
        assert len(overtaken) <= SLOTS * (AHEAD + 1)


def test_each_priority_goes_before_the_next_in_a_backlog(stack, tmp_path):
    path = tmp_path / "ran"
    for priority in (3, 0, 9, 5, 1, 7):
        calls = [((str(path), priority), {}) for _ in range(300)]
        submit_many(workload.append, calls, priority=priority)
    stack.worker("-c", "1")
    wait_until(lambda: not Job.objects.unfinished().exists(), 60)
    ran = path.read_text().split()
    assert ran == [str(priority) for priority in (9, 7, 5, 3, 1, 0) for _ in range(300)]

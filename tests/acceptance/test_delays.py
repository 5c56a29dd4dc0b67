"""Delays: not before, about a second after, and whatever is lost meanwhile."""

from datetime import timedelta
from statistics import median

import pytest
from django.utils import timezone

from jobs.models import Job
from jobs.states import State
from tests.acceptance import workload
from tests.acceptance.stack import wait_until

#: "About a second" on a machine that runs other tests beside this one: for half of them, for all.
_ABOUT_A_SECOND = 2.5
_LATEST = 10


def lateness(id):
    """Seconds from the time that a job was to start at to its start."""
    job = wait_until(lambda: Job.objects.filter(id=id, finished_at__isnull=False).first(), 40)
    assert job.state == State.SUCCEEDED
    return (job.started_at - job.run_at).total_seconds()


@pytest.mark.parametrize("pool", ["prefork", "threads", "solo"])
def test_a_delayed_job_starts_never_before_its_time_and_about_a_second_after_it(stack, pool):
    stack.worker("-P", pool, "-c", "2")
    at = timezone.now() + timedelta(seconds=3.2)
    jobs = [workload.add.apply_async((n, 1), countdown=1 + n * 0.3) for n in range(10)]
    jobs.append(workload.add.apply_async((1, 2), eta=at))
    late = [lateness(job.id) for job in jobs]
    assert min(late) >= 0
    assert median(late) < _ABOUT_A_SECOND
    assert max(late) < _LATEST
    assert Job.objects.get(id=jobs[-1].id).run_at == at


def test_a_job_of_next_season_is_a_row_and_nothing_else(stack):
    worker = stack.worker("-c", "1")
    ids = [workload.add.apply_async((n, 1), countdown=90 * 86_400).id for n in range(50)]
    assert workload.add.delay(1, 2).get(timeout=20) == 3  # the worker has looked around
    assert stack.redis.client().llen("celery") == 0
    assert not any(id in worker.text() for id in ids)
    rows = Job.objects.filter(id__in=ids).values_list("state", "waiting_for", "worker")
    assert set(rows) == {("scheduled", "time", "")}


def test_a_delay_survives_the_worker_and_redis(stack):
    first = stack.worker("-c", "1")
    id = workload.add.apply_async((1, 2), countdown=14).id
    first.kill()
    stack.redis.kill()
    stack.redis.start()  # empty
    stack.worker("-c", "1", name="next")
    assert Job.objects.get(id=id).state == State.SCHEDULED
    assert 0 <= lateness(id) < _LATEST

"""Pauses, with real workers: what is claimed, what is bundled, and who outlives a restart."""

import pytest

from jobs.engine.actions.job_actions import cancel_jobs, pause_jobs, resume_jobs
from jobs.engine.bulk import submit_many
from jobs.models import Job, Pause
from tests.acceptance import workload
from tests.acceptance.stack import wait_until


def ran(path):
    return path.read_text().split() if path.exists() else []


def all_finished():
    return not Job.objects.unfinished().exists()


def running(task):
    return Job.objects.filter(task=task, state="running").exists()


def cancel(id):
    cancel_jobs([id], by="the test")


def claimed():
    return Job.objects.filter(state="queued").exclude(worker="")


@pytest.mark.parametrize(
    ("kind", "value"), [("queue", "celery"), ("task", "test.append"), ("lane", "slow")]
)
def test_a_pause_gives_back_what_is_claimed_and_has_not_begun(stack, tmp_path, kind, value):
    stack.worker("-c", "1")
    path = tmp_path / "ran"
    long = workload.hold.delay(60)
    wait_until(lambda: running("test.hold"))
    for number in range(2):
        workload.append.apply_async((str(path), number), lane="slow", lane_width=2)
    wait_until(lambda: claimed().count() == 2)
    pause_jobs(kind, value, by="ann")
    wait_until(lambda: Job.objects.filter(waiting_for="pause").count() == 2, 5)
    assert Job.objects.get(id=long.id).state == "running"
    assert Job.objects.filter(waiting_for="pause", attempt=0, worker="").count() == 2
    assert Pause.objects.get().paused_by == "ann"
    resume_jobs(kind, value)
    cancel(long.id)
    wait_until(all_finished, 20)
    assert sorted(ran(path)) == ["0", "1"]


def test_others_go_on_where_what_is_paused_had_been_claimed(stack, tmp_path):
    stack.worker("-c", "1")
    first = workload.hold.delay(60)
    wait_until(lambda: running("test.hold"))
    submit_many(workload.append, [((str(tmp_path / "ran"), n), {}) for n in range(50)])
    wait_until(lambda: claimed().exists())
    pause_jobs("task", "test.append", by="ann")
    wait_until(lambda: Job.objects.filter(waiting_for="pause").count() == 50, 10)
    other = workload.add.delay(1, 2)
    cancel(first.id)
    assert other.get(timeout=20) == 3
    assert ran(tmp_path / "ran") == []


def test_a_pause_outlives_all_workers(stack, tmp_path):
    worker = stack.worker("-c", "1")
    pause_jobs("queue", "celery", by="ann", reason="the shop is closed")
    result = workload.append.delay(str(tmp_path / "ran"), "x")
    wait_until(lambda: Job.objects.get(id=result.id).waiting_for == "pause")
    worker.kill()
    stack.worker("-c", "1", "-Q", "celery,other", name="heir")
    assert workload.add.apply_async((1, 2), queue="other").get(timeout=20) == 3
    assert Job.objects.get(id=result.id).waiting_for == "pause"
    row = Pause.objects.get()
    assert (row.paused_by, row.reason) == ("ann", "the shop is closed")
    resume_jobs("queue", "celery")
    assert result.get(timeout=20) == "x"


def test_a_large_backlog_is_held_and_let_go_in_batches(stack, tmp_path):
    pause_jobs("task", "test.append", by="ann")
    stack.worker("-c", "2")
    path = tmp_path / "ran"
    submit_many(workload.append, [((str(path), n), {}) for n in range(3_000)])
    wait_until(lambda: Job.objects.filter(waiting_for="pause").count() == 3_000, 20)
    resume_jobs("task", "test.append")
    wait_until(all_finished, 60)
    assert sorted(ran(path)) == sorted(str(n) for n in range(3_000))

"""What a review of the engine found: every defect keeps the test that would have caught it."""

import contextlib
import json
import os
import signal
import sqlite3
import time

import pytest
from celery import chain, chord, signature
from django.db import connection
from django_celery_beat.models import IntervalSchedule, PeriodicTask

from jobs.engine.actions.job_actions import cancel_jobs, retry_jobs
from jobs.models import Attempt, Job
from jobs.states import State
from tests.acceptance import fault_workload, workload
from tests.acceptance.stack import wait_until


def finished(id):
    return Job.objects.filter(id=id, finished_at__isnull=False).first()


def works(stack):
    assert workload.add.delay(1, 2).get(timeout=25) == 3


@pytest.mark.parametrize("case", ["surrogate_log", "progress_nan", "progress_negative"])
def test_what_a_task_tells_never_stops_the_ledger(stack, case):
    stack.worker("-c", "1")
    assert workload.odd.delay(case).get(timeout=25) == case
    works(stack)


def test_a_chord_body_that_is_refused_fails_and_the_ledger_goes_on(stack):
    stack.worker("-c", "1")
    body = chord([workload.add.s(1, 1), workload.add.s(2, 2)])(workload.add.s(1, 2))
    assert wait_until(lambda: finished(body.id), 25).error_type == "ChordError"
    works(stack)


@pytest.mark.parametrize("id", [["x"], 5, None, "", "x" * 300])
def test_a_foreign_message_with_an_impossible_id_is_refused(stack, id):
    stack.worker("-c", "1")
    push(stack, {"task": "test.add", "id": id}, "[[1, 2], {}, {}]")
    works(stack)


def test_a_foreign_message_with_an_impossible_priority_is_refused(stack):
    stack.worker("-c", "1")
    push(stack, {"task": "test.add", "id": "p"}, "[[1, 2], {}, {}]", priority="high")
    assert wait_until(lambda: finished("p"), 25).state == State.FAILED
    works(stack)


def test_garbage_bodies_do_not_use_up_the_credit(stack):
    stack.worker("-c", "1")
    for number in range(30):
        push(stack, {"task": "test.add", "id": f"g{number}"}, "[1]")
    stack.redis.client().lpush("celery", "[" * 200_000)
    works(stack)


def test_a_cold_shutdown_cancels_nothing(stack, tmp_path):
    worker = stack.worker("-c", "1")
    result = workload.hold.delay(3)
    wait_until(lambda: Job.objects.filter(id=result.id, state=State.RUNNING).exists())
    worker.signal(signal.SIGQUIT)
    worker.process.wait(30)
    stack.worker("-c", "1", name="next")
    job = wait_until(lambda: finished(result.id), 40)
    assert job.state == State.SUCCEEDED


def test_a_chord_over_a_chain_whose_first_step_fails_fails(stack):
    stack.worker("-c", "1")
    header = [chain(workload.fail.si(), workload.add.si(1, 1)), workload.add.s(2, 2)]
    body = chord(header)(workload.total.s())
    assert wait_until(lambda: finished(body.id), 25).error_type == "ChordError"


def test_a_refused_header_job_counts_in_its_chord(stack):
    stack.worker("-c", "1")
    header = [workload.add.s(2, 2), signature("test.nobody_has_this")]
    body = chord(header)(workload.total.s())
    assert wait_until(lambda: finished(body.id), 25).error_type == "ChordError"


@pytest.mark.parametrize("shape", ["chain", "group", "chord", "failing"])
def test_a_task_that_replaces_itself_by_canvas_keeps_its_id_and_ends(stack, shape):
    stack.worker("-c", "2")
    result = workload.become.delay(shape)
    job = wait_until(lambda: finished(result.id), 30)
    if shape == "failing":
        assert job.state == State.FAILED
        return
    assert job.state == State.SUCCEEDED, job.error_message
    assert result.get(timeout=5) == {"chain": 6, "group": [2, 4], "chord": 6}[shape]


def test_a_cancel_of_a_claimed_job_is_not_lost_with_its_worker(stack, tmp_path):
    worker = stack.worker("-c", "1", WORKER_PREFETCH="4", CANCEL_GRACE_SECONDS="60")
    running = workload.deaf.delay(4)
    claimed = workload.append.delay(str(tmp_path / "ran"), "x")
    wait_until(lambda: Job.objects.filter(id=running.id, state=State.RUNNING).exists())
    wait_until(lambda: Job.objects.exclude(worker="").filter(id=claimed.id).exists())
    worker.freeze()
    assert cancel_jobs([claimed.id], by="ann") == 1
    worker.kill()
    stack.worker("-c", "1", name="next")
    assert wait_until(lambda: finished(claimed.id), 30).state == State.CANCELLED
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("pool", ["prefork", "threads", "solo"])
def test_a_task_that_exits_is_a_crash_and_the_worker_goes_on(stack, pool):
    stack.worker("-P", pool, "-c", "1", MAX_CRASHES="1")
    result = fault_workload.leave.delay()
    assert wait_until(lambda: finished(result.id), 30).state == State.FAILED
    works(stack)


def test_a_chain_goes_on_when_its_failed_step_is_retried_by_a_person(stack, tmp_path):
    stack.worker("-c", "1")
    flag = tmp_path / "repaired"
    last = chain(workload.needs.si(str(flag)), workload.add.si(1, 2))()
    assert wait_until(lambda: finished(last.id), 25).error_type == "UpstreamFailed"
    assert retry_jobs([last.id], by="ann") == 0
    flag.touch()
    assert retry_jobs([last.parent.id], by="ann") == 1
    job = wait_until(lambda: Job.objects.filter(id=last.id, state=State.SUCCEEDED).first(), 25)
    assert job.result == "3"


def test_an_unknown_task_is_kept_whole_and_runs_after_the_deploy(stack):
    old = stack.worker("-c", "1")
    push(stack, {"task": "test.deployed_later", "id": "later", "retries": 0}, "[[], {}, {}]")
    assert wait_until(lambda: finished("later"), 25).state == State.FAILED
    old.stop()
    stack.worker("-c", "1", "-I", "tests.acceptance.deployed_later", name="new")
    assert retry_jobs(["later"], by="ann") == 1
    job = wait_until(lambda: Job.objects.filter(id="later", state="succeeded").first(), 25)
    assert job.result == '"here now"'


def test_a_foreign_message_that_is_fetched_during_a_stop_is_not_lost(stack, tmp_path):
    worker = stack.worker("-P", "solo", WORKER_PREFETCH="8")
    for number in range(12):
        headers = {"task": "test.slow_append", "id": f"f{number}", "retries": 0}
        push(stack, headers, json.dumps([[str(tmp_path / "ran"), number], {}, {}]))
        if number == 2:
            worker.signal(signal.SIGTERM)
    worker.process.wait(30)
    stack.worker("-c", "2", name="next")
    ran = tmp_path / "ran"
    wait_until(lambda: ran.exists() and len(ran.read_text().split()) >= 12, 40)
    assert sorted(map(int, ran.read_text().split())) == list(range(12))


def push(stack, headers, body, **properties):
    """What a client that knows nothing of us might put into the queue."""
    envelope = {
        "body": body,
        "content-type": "application/json",
        "content-encoding": "utf-8",
        "headers": headers,
        "properties": {
            "delivery_tag": f"{time.monotonic_ns()}{os.getpid()}",
            "delivery_info": {"exchange": "", "routing_key": "celery"},
            **properties,
        },
    }
    stack.redis.client().lpush("celery", json.dumps(envelope))


@pytest.mark.parametrize("then", ["return", "fail"])
def test_a_retry_that_was_asked_for_without_raising_is_not_dropped(stack, tmp_path, then):
    stack.worker("-c", "1")
    result = workload.retry_and_go_on.delay(str(tmp_path / "ran"), then)
    assert result.get(timeout=25) == 2
    assert (tmp_path / "ran").read_text().split() == ["1", "2"]
    assert Attempt.objects.get(job_id=result.id).outcome == Attempt.Outcome.RETRIED


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL has no lock for all writers")
def test_a_write_lock_held_for_longer_than_the_lease_doubles_nothing(stack, tmp_path):
    """Nobody can beat meanwhile, so that all look dead to whoever gets the lock first."""
    workers = [stack.worker("-c", "2", name=name) for name in "ab"]
    results = [workload.hold.delay(14, str(tmp_path / f"ran-{n}")) for n in range(2)]
    wait_until(lambda: Job.objects.filter(state=State.RUNNING).count() == 2, 30)
    with contextlib.closing(sqlite3.connect(connection.settings_dict["NAME"])) as other:
        other.execute("BEGIN IMMEDIATE")
        time.sleep(9)  # the length is the point: the lease is 4 s
        other.rollback()
    for result in results:
        job = wait_until(lambda id=result.id: finished(id), 40)
        assert (job.state, job.attempt, job.crashes) == (State.SUCCEEDED, 1, 0)
    assert not Attempt.objects.exists()
    assert all("was thought dead" not in worker.text() for worker in workers)


def test_a_schedule_whose_queue_is_too_long_for_the_column_stops_no_other(stack):
    interval = IntervalSchedule.objects.create(every=1, period="seconds")
    for name, queue in (("broken", "q" * 150), ("sound", None)):
        PeriodicTask.objects.create(
            name=name, task="test.add", args="[1, 2]", interval=interval, queue=queue
        )
    beat = stack.beat()
    wait_until(lambda: Job.objects.filter(schedule="sound").count() >= 3, 40)
    assert beat.process.poll() is None
    if connection.vendor == "postgresql":  # SQLite counts no characters
        assert not Job.objects.filter(schedule="broken").exists()


def test_a_retry_into_another_queue_moves_the_row_too(stack):
    stack.worker("-c", "1", "-Q", "celery,other")
    result = workload.move.delay()
    assert result.get(timeout=25) == "other"
    job = Job.objects.get(id=result.id)
    assert (job.queue, job.priority) == ("other", 8)

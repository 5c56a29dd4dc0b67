"""Redis stopped, messages doubled, workers killed: every job runs, and starts once."""

import json
import re
import time

import pytest
from celery import Celery
from django.db import transaction
from django.db.utils import OperationalError

from jobs.engine.broker.message import envelope
from jobs.engine.broker.transport import GARBAGE_KEY
from jobs.models import Attempt, Job, Node
from jobs.states import State
from tests.acceptance import fault_workload, workload
from tests.acceptance.stack import wait_until


def lines(path):
    return path.read_text().split() if path.exists() else []


def all_finished():
    return not Job.objects.unfinished().exists()


def test_a_rolled_back_transaction_leaves_no_job(stack, tmp_path):
    stack.worker("-c", "1")
    with pytest.raises(RuntimeError), transaction.atomic():
        workload.append.delay(str(tmp_path / "ran"), "x")
        raise RuntimeError
    with transaction.atomic():
        with pytest.raises(RuntimeError), transaction.atomic():
            workload.append.delay(str(tmp_path / "ran"), "savepoint")
            raise RuntimeError
        kept = workload.append.delay(str(tmp_path / "ran"), "kept")
    assert kept.get(timeout=20) == "kept"
    assert Job.objects.count() == 1
    assert lines(tmp_path / "ran") == ["kept"]


def test_submitting_with_redis_gone_is_quick_and_the_job_runs_once_it_is_back(stack, tmp_path):
    stack.worker("-c", "1")
    stack.redis.kill()
    begun = time.monotonic()
    with transaction.atomic():
        for number in range(10):
            workload.append.delay(str(tmp_path / "ran"), number)
    assert time.monotonic() - begun < 10
    stack.redis.start()
    wait_until(all_finished, 40)
    assert sorted(map(int, lines(tmp_path / "ran"))) == list(range(10))


def test_submitting_with_redis_frozen_is_quick_and_the_job_runs_once_it_thaws(
    stack, tmp_path, caplog
):
    stack.redis.freeze()
    begun = time.monotonic()
    for number in range(5):
        workload.append.delay(str(tmp_path / "ran"), number)
    took = time.monotonic() - begun
    assert took < 10
    # Once it has not answered it is left alone for a second.
    assert 1 <= caplog.text.count("Redis does not answer") <= 1 + took
    stack.redis.thaw()
    stack.worker("-c", "1")
    wait_until(all_finished, 40)
    assert sorted(map(int, lines(tmp_path / "ran"))) == list(range(5))


def test_a_message_that_comes_five_times_runs_once(stack, tmp_path):
    result = workload.append.delay(str(tmp_path / "ran"), "x")
    job = Job.objects.get(id=result.id)
    for _ in range(4):
        message = envelope(job)
        stack.redis.client().lpush(message.key, message.content)
    stack.worker("-c", "2")
    wait_until(all_finished)
    assert workload.add.delay(1, 1).get(timeout=20) == 2
    assert stack.redis.client().llen("celery") == 0
    assert lines(tmp_path / "ran") == ["x"]


def test_a_message_of_a_plain_celery_client_is_adopted_and_tracked(stack, tmp_path):
    plain = Celery(broker=stack.redis.url, set_as_current=False)
    stack.worker("-c", "1")
    now = plain.send_task("test.append", (str(tmp_path / "ran"), "now"))
    later = plain.send_task("test.append", (str(tmp_path / "ran"), "later"), countdown=1)
    for result in (now, later):
        succeeded = Job.objects.filter(id=result.id, state=State.SUCCEEDED)
        wait_until(succeeded.exists)
    assert lines(tmp_path / "ran") == ["now", "later"]
    job = Job.objects.get(id=later.id)
    assert (job.task, job.attempt, job.requested_by) == ("test.append", 1, "celery client")


def test_what_a_killed_worker_held_runs_elsewhere_and_only_running_jobs_count_a_crash(
    stack, tmp_path
):
    doomed = stack.worker("-c", "1", name="doomed", WORKER_PREFETCH="8")
    running = workload.hold.delay(3, str(tmp_path / "ran"))
    waiting = [workload.append.delay(str(tmp_path / "other"), n) for n in range(5)]
    wait_until(lambda: Job.objects.filter(id=running.id, state=State.RUNNING).exists())
    wait_until(lambda: Job.objects.exclude(id=running.id).exclude(worker="").count() == 5)
    doomed.kill()
    stack.worker("-c", "2", name="heir")
    wait_until(all_finished, 40)
    job = Job.objects.get(id=running.id)
    assert (job.state, job.attempt, job.crashes) == (State.SUCCEEDED, 2, 1)
    assert Attempt.objects.get(job=job).outcome == Attempt.Outcome.CRASHED
    assert set(Job.objects.filter(id__in=[w.id for w in waiting]).values_list("attempt")) == {(1,)}
    assert sorted(map(int, lines(tmp_path / "other"))) == list(range(5))
    assert Node.objects.filter(name__startswith="doomed").count() == 0


def test_a_job_that_kills_its_process_is_failed_as_poison_and_others_go_on(stack):
    stack.worker("-c", "1", MAX_CRASHES="2")
    poison = fault_workload.kill_child.delay()
    wait_until(lambda: Job.objects.filter(id=poison.id, crashes=1).exists(), 30)
    assert workload.add.delay(1, 1).get(timeout=20) == 2
    job = wait_until(lambda: Job.objects.filter(id=poison.id, state="failed").first(), 40)
    assert (job.error_type, job.crashes, job.attempt) == ("WorkerLost", 2, 2)
    assert "is not tried again" in job.error_message


@pytest.mark.parametrize("pool", ["prefork", "threads", "solo"])
def test_a_worker_frozen_past_its_lease_writes_nothing_when_it_wakes(stack, tmp_path, pool):
    frozen = stack.worker("-P", pool, "-c", "1", name="frozen")
    result = workload.hold.delay(2, str(tmp_path / "ran"))
    wait_until(lambda: Job.objects.filter(id=result.id, state=State.RUNNING).exists())
    frozen.freeze()
    stack.worker("-c", "1", name="heir")
    wait_until(lambda: Job.objects.filter(id=result.id, attempt=2).exists(), 30)
    frozen.thaw()
    job = wait_until(lambda: Job.objects.filter(id=result.id, state="succeeded").first(), 30)
    assert (job.attempt, job.worker.startswith("heir")) == (2, True)
    wait_until(lambda: "was thought dead" in frozen.text())
    assert workload.add.delay(1, 1).get(timeout=20) == 2
    assert Job.objects.get(id=result.id).finished_at == job.finished_at


@pytest.mark.parametrize("pool", ["prefork", "threads", "solo"])
def test_redis_restarted_empty_under_load_loses_and_doubles_nothing(stack, tmp_path, pool):
    stack.worker("-P", pool, "-c", "2")
    for number in range(150):
        workload.append.delay(str(tmp_path / "ran"), number)
        if number == 75:
            stack.redis.kill()
        if number == 110:
            stack.redis.start()
    wait_until(all_finished, 60)
    assert sorted(map(int, lines(tmp_path / "ran"))) == list(range(150))


def test_a_stop_spends_no_attempt_and_leaves_the_rest_in_the_queue(stack, tmp_path):
    worker = stack.worker("-c", "1", WORKER_PREFETCH="8")
    running = workload.hold.delay(2, str(tmp_path / "ran"))
    waiting = [workload.append.delay(str(tmp_path / "other"), n) for n in range(6)]
    wait_until(lambda: Job.objects.filter(id=running.id, state=State.RUNNING).exists())
    wait_until(lambda: Job.objects.exclude(worker="").count() == 7)
    assert worker.stop() == 0
    assert Job.objects.get(id=running.id).state == State.SUCCEEDED
    rest = Job.objects.filter(id__in=[w.id for w in waiting])
    assert set(rest.values_list("state", "worker", "attempt")) == {("queued", "", 0)}
    assert not Node.objects.exists()
    stack.worker("-c", "1", name="next")
    wait_until(all_finished)
    assert sorted(map(int, lines(tmp_path / "other"))) == list(range(6))


def test_garbage_in_the_queue_never_stops_a_worker(stack):
    worker = stack.worker("-c", "1")
    redis = stack.redis.client()
    good = {"properties": {"delivery_tag": "t", "delivery_info": {"routing_key": "celery"}}}
    garbage = [
        b"\xff\xfe not utf-8",
        b"not json",
        b"[1]",
        b'"text"',
        b"{}",
        json.dumps(good),
        json.dumps(good | {"headers": {"task": "test.add"}, "body": "[[1,2],{},{}]"}),
        json.dumps(good | {"headers": {"task": "test.nothing", "id": "unknown-task"}, "body": "x"}),
        json.dumps(
            good
            | {
                "headers": {"task": "test.add", "id": "broken-body"},
                "body": "no json",
                "content-type": "application/json",
                "content-encoding": "utf-8",
            }
        ),
        json.dumps(
            good
            | {
                "headers": {"task": "test.add", "id": "pickled"},
                "body": "gASVAA==",
                "content-type": "application/x-python-serialize",
                "content-encoding": "binary",
            }
        ),
    ]
    for item in garbage:
        redis.lpush("celery", item)
    assert workload.add.delay(1, 1).get(timeout=30) == 2
    assert worker.process.poll() is None
    for id in ("unknown-task", "broken-body", "pickled"):
        job = wait_until(lambda id=id: Job.objects.filter(id=id).first())
        assert job.state == State.FAILED
        assert job.error_message
    assert redis.llen(GARBAGE_KEY) >= 5


def test_without_the_database_submit_says_so(stack, monkeypatch):
    def broken(*_, **__):
        raise OperationalError("the database is away")

    monkeypatch.setattr("jobs.engine.submit.writing.submit", broken)
    with pytest.raises(Exception, match="The job was not accepted"):
        workload.add.delay(1, 1)


def test_a_worker_looks_for_redis_every_second_however_long_it_is_away(stack):
    worker = stack.worker("-c", "1")
    stack.redis.kill()
    tries = re.compile(r"Trying again in ([\d.]+) seconds")
    wait_until(lambda: len(tries.findall(worker.text())) >= 4, 60)
    result = workload.add.delay(1, 2)
    stack.redis.start()
    assert result.get(timeout=30) == 3
    assert {float(seconds) for seconds in tries.findall(worker.text())} == {1.0}


def test_no_message_is_written_to_a_file_when_redis_is_lost(stack, tmp_path):
    (tmp_path / "tmp").mkdir()
    worker = stack.worker("-c", "1", TMPDIR=str(tmp_path / "tmp"))
    for number in range(4):
        workload.hold.delay(2, str(tmp_path / f"ran-{number}"))
    wait_until(lambda: Job.objects.filter(state=State.RUNNING).exists())
    wait_until(lambda: Job.objects.filter(state=State.QUEUED).exclude(worker="").exists())
    stack.redis.kill()
    wait_until(lambda: "Connection to broker lost" in worker.text(), 30)
    stack.redis.start()
    wait_until(all_finished, 60)
    worker.stop()
    assert "EMERGENCY DUMP" not in worker.text()
    assert list((tmp_path / "tmp").iterdir()) == []


def test_a_result_that_is_half_read_when_redis_is_lost_is_read_to_its_end(stack, tmp_path):
    worker = stack.worker("-c", "1")
    result = fault_workload.slow_to_tell.delay(str(tmp_path / "half"), 3)
    wait_until((tmp_path / "half").exists)
    stack.redis.kill()
    wait_until(lambda: "Connection to broker lost" in worker.text(), 30)
    stack.redis.start()
    assert result.get(timeout=30) == "told"
    assert workload.add.delay(1, 2).get(timeout=30) == 3  # and the child is free again
    assert Job.objects.get(id=result.id).attempt == 1

"""What a job logs is kept, whatever becomes of it."""

import signal

import pytest
from django.db import connection

from jobs.engine.actions.job_actions import cancel_jobs
from jobs.models import Attempt, Job, LogLine, Token
from jobs.states import State
from tests.acceptance import long_workload
from tests.acceptance.stack import wait_until

TASKS = ("-I", "tests.acceptance.long_workload")


def texts(id):
    return list(LogLine.objects.filter(job=id).order_by("at", "id").values_list("text", flat=True))


def is_running(id):
    return Job.objects.filter(id=id, state=State.RUNNING).exists()


def has_ended(id):
    return Job.objects.filter(id=id, finished_at__isnull=False).exists()


@pytest.mark.parametrize("pool", ["prefork", "threads", "solo"])
def test_a_line_is_there_within_seconds_while_the_task_hangs(stack, pool):
    stack.worker("-P", pool, "-c", "1", *TASKS)
    id = long_workload.say_and_hang.delay().id
    wait_until(lambda: is_running(id), 10)
    # About a second; the rest is for a busy machine.
    wait_until(lambda: texts(id) == ["about to hang, attempt 1"], 4)
    assert is_running(id)


def test_the_log_of_an_attempt_that_met_its_hard_limit_is_kept(stack):
    stack.worker("-c", "1", *TASKS)
    id = long_workload.say_and_hang.apply_async(time_limit=3).id
    wait_until(lambda: has_ended(id), 20)
    assert Job.objects.get(id=id).error_type == "TimeLimitExceeded"
    assert texts(id) == ["about to hang, attempt 1"]


def test_the_log_of_each_attempt_whose_process_died_is_kept(stack, tmp_path):
    stack.worker("-c", "1", *TASKS, MAX_CRASHES="2")
    id = long_workload.say_and_be_killed.delay(str(tmp_path / "go")).id
    wait_until(lambda: len(texts(id)) == 1, 10)
    (tmp_path / "go").touch()
    wait_until(lambda: Attempt.objects.filter(job=id, number=1, outcome="crashed").exists(), 10)
    (tmp_path / "go").unlink()
    wait_until(lambda: len(texts(id)) == 2, 15)
    (tmp_path / "go").touch()
    wait_until(lambda: has_ended(id), 15)
    assert texts(id) == ["about to die, attempt 1", "about to die, attempt 2"]


def test_the_log_of_a_killed_worker_and_of_a_cancel_by_force_is_kept(stack):
    first = stack.worker("-c", "1", *TASKS)
    id = long_workload.say_and_hang.delay().id
    wait_until(lambda: len(texts(id)) == 1, 10)
    first.kill()
    stack.worker("-c", "1", *TASKS, name="next")
    wait_until(lambda: len(texts(id)) == 2, 30)
    cancel_jobs([id], by="ann")
    wait_until(lambda: has_ended(id), 20)
    assert texts(id) == ["about to hang, attempt 1", "about to hang, attempt 2"]
    assert [a.outcome for a in Attempt.objects.filter(job=id)] == ["crashed", "cancelled"]


def test_lines_of_an_interrupted_attempt_are_told_from_those_of_the_next(stack, tmp_path):
    first = stack.worker("-c", "1", *TASKS)
    id = long_workload.hang_once.delay(str(tmp_path / "begun")).id
    wait_until(lambda: texts(id) == ["the first begin"], 10)
    first.signal(signal.SIGQUIT)
    wait_until(lambda: first.process.poll() is not None, 20)
    stack.worker("-c", "1", *TASKS, name="next")
    wait_until(lambda: has_ended(id), 30)
    lines = list(LogLine.objects.filter(job=id).order_by("at"))
    assert [(line.attempt, line.text) for line in lines] == [
        (1, "the first begin"),
        (1, "the second begin"),
    ]
    assert lines[0].started_at < lines[1].started_at
    assert lines[1].started_at == Job.objects.get(id=id).started_at
    [interrupted] = Attempt.objects.filter(job=id)
    assert (interrupted.outcome, interrupted.number) == ("interrupted", 1)


def test_a_transaction_of_the_task_takes_no_lines_along(stack, tmp_path):
    stack.worker("-c", "1", *TASKS)
    id = long_workload.say_in_a_transaction.delay(str(tmp_path / "go")).id
    wait_until(lambda: is_running(id) or connection.vendor == "sqlite", 10)
    if connection.vendor != "sqlite":  # where such a transaction has the only write lock
        wait_until(lambda: texts(id) == ["said in a transaction"], 4)
    (tmp_path / "go").touch()
    wait_until(lambda: texts(id) == ["said in a transaction"], 10)
    assert not Token.objects.exists()


def test_a_worker_that_was_thought_dead_writes_no_lines(stack):
    frozen = stack.worker("-c", "1", *TASKS, name="frozen")
    id = long_workload.say_and_hang.delay(8.0).id
    wait_until(lambda: len(texts(id)) == 1, 10)
    frozen.freeze()
    stack.worker("-c", "1", *TASKS, name="heir")
    wait_until(lambda: Job.objects.filter(id=id, state=State.SUCCEEDED).exists(), 40)
    frozen.thaw()
    wait_until(lambda: "was thought dead" in frozen.text(), 20)
    # The frozen attempt ends 8 s after its begin, which is over, and its worker can do more.
    assert long_workload.look_for_a_limit.delay(0.0).get(timeout=20) == "through"
    assert texts(id) == ["about to hang, attempt 1", "about to hang, attempt 2"]

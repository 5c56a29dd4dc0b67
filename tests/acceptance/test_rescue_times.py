"""How soon it is noticed that a process is gone, with the lease that is set by default."""

import os
import signal
import time

from jobs.models import Attempt, Job, Node
from tests.acceptance import fault_workload, workload
from tests.acceptance.stack import wait_until

DEFAULT = {"LEASE_SECONDS": "15"}


def is_running(result):
    return lambda: Job.objects.filter(id=result.id, state="running").exists()


def test_a_worker_killed_with_9_is_noticed_within_20_seconds(stack, tmp_path):
    """Also if it was the one that dispatched for all: it was the first."""
    doomed = stack.worker("-c", "1", name="doomed", **DEFAULT)
    running = fault_workload.tell_process.delay(str(tmp_path / "ran"))
    wait_until(is_running(running), 30)
    stack.worker("-c", "1", name="heir", **DEFAULT)
    wait_until(lambda: Node.objects.filter(name__contains="heir").exists(), 20)
    doomed.kill()
    killed = time.monotonic()
    wait_until(lambda: Attempt.objects.filter(job_id=running.id).exists(), 30)
    assert time.monotonic() - killed < 20
    job = wait_until(lambda: Job.objects.filter(id=running.id, state="succeeded").first(), 30)
    assert (job.attempt, job.crashes) == (2, 1)


def test_a_child_killed_alone_is_noticed_at_once(stack, tmp_path):
    worker = stack.worker("-c", "2", **DEFAULT)
    running = fault_workload.tell_process.delay(str(tmp_path / "ran"))
    wait_until(is_running(running), 30)
    os.kill(int((tmp_path / "ran").read_text()), signal.SIGKILL)
    killed = time.monotonic()
    attempt = wait_until(lambda: Attempt.objects.filter(job_id=running.id).first(), 30)
    assert time.monotonic() - killed < 10  # half a second, where nothing else runs
    assert attempt.outcome == Attempt.Outcome.CRASHED
    job = wait_until(lambda: Job.objects.filter(id=running.id, state="succeeded").first(), 30)
    assert (job.attempt, job.crashes) == (2, 1)
    assert worker.runs()


def test_a_worker_whose_child_is_killed_in_its_first_moment_goes_on(stack):
    (stack.folder / "var").mkdir(exist_ok=True)
    worker = stack.worker("-c", "1", "-I", "tests.acceptance.short_lived,tests.acceptance.workload")
    assert workload.add.delay(1, 2).get(timeout=30) == 3
    assert (stack.folder / "var" / "a-child-has-died").exists()
    assert worker.runs()

"""Redis silent, refused or frozen for longer than every timeout; workers that grow deaf."""

import os
import signal
import subprocess
import time
from statistics import median

import pytest
from celery import Celery
from django.test import override_settings

from jobs.engine.broker.publisher import publisher
from jobs.models import Job, Node
from tests.acceptance import workload
from tests.acceptance.proxy import Proxy
from tests.acceptance.stack import wait_until

#: Longer than the timeouts of sockets (2 s), than kombu's own retries and than the lease (4 s).
OUTAGE_SECONDS = 35
#: REDIS_TIMEOUT is 0.4 s, for the connection and for the answer; the rest is a busy machine. The
#: sockets of Celery's own way wait for 2 s, again and again.
USUAL_SUBMIT = 1.5
LONGEST_SUBMIT = 10


def lines(path):
    return path.read_text().split() if path.exists() else []


def all_finished():
    return not Job.objects.unfinished().exists()


@pytest.fixture
def proxy(stack):
    """Between everybody and Redis."""
    proxy = Proxy(stack.redis.port)
    proxy.start()
    stack.environment["REDIS_URL"] = proxy.url
    publisher.cache_clear()
    with override_settings(REDIS_URL=proxy.url):
        yield proxy
    proxy.close()


def submit_for(seconds, path):
    """Submit about twice a second, each of them quickly; returns how many."""
    took = []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        begun = time.monotonic()
        workload.append.delay(str(path), len(took))
        took.append(time.monotonic() - begun)
        time.sleep(0.5)  # the pace: the outage has to be longer than all timeouts
    assert median(took) < USUAL_SUBMIT
    assert max(took) < LONGEST_SUBMIT
    return len(took)


@pytest.mark.parametrize("how", ["silence", "refuse"])
@pytest.mark.parametrize("pool", ["prefork", "threads"])
def test_while_redis_is_away_submits_are_quick_and_what_runs_ends_and_then_all_goes_on(
    stack, proxy, tmp_path, how, pool
):
    worker = stack.worker("-P", pool, "-c", "2")
    running = workload.deaf.delay(4)
    limited = workload.limited.delay() if pool == "prefork" else None
    wait_until(lambda: Job.objects.filter(id=running.id, state="running").exists())
    getattr(proxy, how)()
    number = submit_for(OUTAGE_SECONDS, tmp_path / "ran")
    assert Job.objects.get(id=running.id).state == "succeeded"
    if limited:
        assert Job.objects.get(id=limited.id).error_type == "TimeLimitExceeded"
    assert worker.process.poll() is None
    proxy.heal()
    wait_until(all_finished, 30)
    assert sorted(map(int, lines(tmp_path / "ran"))) == list(range(number))
    wait_until(lambda: not is_deaf(), 30)
    assert worker.process.poll() is None


def test_redis_frozen_for_longer_than_the_lease_is_nobodys_fault(stack, tmp_path):
    worker = stack.worker("-c", "1")
    stack.redis.freeze()
    number = submit_for(25, tmp_path / "ran")
    stack.redis.thaw()
    wait_until(all_finished, 30)
    assert sorted(map(int, lines(tmp_path / "ran"))) == list(range(number))
    assert worker.process.poll() is None
    assert "takes no jobs" not in worker.text()


def control(stack, command):
    """A command of tests.acceptance.fault_workload, to every worker."""
    Celery(broker=stack.redis.url, set_as_current=False).control.broadcast(command)


def is_deaf():
    return Node.objects.exclude(deaf_since=None).first()


@pytest.mark.parametrize("pool", ["prefork", "threads", "solo"])
def test_a_worker_that_never_asks_redis_again_is_noticed_and_reconnects(stack, pool):
    worker = stack.worker("-P", pool, "-c", "1")
    assert workload.add.delay(1, 2).get(timeout=20) == 3
    control(stack, "test_forget_redis")
    wait_until(is_deaf, 60)
    result = workload.add.delay(2, 2)
    assert result.get(timeout=30) == 4
    wait_until(lambda: not is_deaf(), 20)
    assert worker.process.poll() is None
    assert "is alive but takes no jobs: it has no answer from Redis" in worker.text()
    assert "takes jobs again" in worker.text()


@pytest.mark.parametrize("pool", ["prefork", "threads", "solo"])
def test_a_worker_whose_main_loop_stands_still_gives_its_work_back_and_exits(stack, tmp_path, pool):
    worker = stack.worker("-P", pool, "-c", "1", name="frozen")
    running = None
    if pool != "solo":
        running = workload.long_at_first.delay(str(tmp_path / "ran"))
        wait_until(lambda: Job.objects.filter(id=running.id, state="running").exists())
    control(stack, "test_freeze")
    wait_until(is_deaf, 60)
    assert worker.process.wait(60) == 75
    assert "its main loop stands still. It gives up" in worker.text()
    assert not Node.objects.exists()
    if running:
        job = Job.objects.get(id=running.id)
        assert (job.worker, job.attempt, job.crashes) == ("", 0, 0)
        stack.worker("-c", "1", name="next")
        wait_until(all_finished, 30)


@pytest.mark.parametrize("pool", ["prefork", "threads", "solo"])
def test_a_worker_that_is_only_busy_is_not_called_deaf(stack, pool):
    worker = stack.worker("-P", pool, "-c", "1", LEASE_SECONDS="3")
    results = [workload.deaf.delay(14) for _ in range(3)]
    wait_until(lambda: Job.objects.filter(state="running").exists())
    with pytest.raises(subprocess.TimeoutExpired):
        worker.process.wait(25)
    assert "takes no jobs" not in worker.text()
    assert not is_deaf()
    assert Job.objects.filter(id=results[0].id, state="succeeded").exists()


def test_a_connection_that_is_lost_again_and_again_makes_no_worker_claim_more(stack):
    """Each new channel counts its messages from nothing."""
    stack.worker("-c", "1", WORKER_PREFETCH="6")
    running = workload.deaf.delay(20)
    wait_until(lambda: Job.objects.filter(id=running.id, state="running").exists(), 30)
    for number in range(40):
        workload.add.delay(number, 1)

    def claimed():
        return Job.objects.filter(state="queued").exclude(worker="").count()

    wait_until(lambda: claimed() == 6, 20)
    most = 0
    for _ in range(3):
        for kind in ("normal", "pubsub"):
            stack.redis.client().client_kill_filter(_type=kind, skipme=True)
        end = time.monotonic() + 3  # it must not claim more: there is nothing to wait for
        while time.monotonic() < end:
            most = max(most, claimed())
            time.sleep(0.02)
    assert most == 6
    wait_until(all_finished, 60)


def test_a_child_that_dies_as_the_connection_is_lost_takes_no_worker_along(stack):
    worker = stack.worker("-c", "2")
    for number in range(12):
        children = [pid for pid, parent in worker.tree().items() if parent == worker.pid]
        os.kill(min(children), signal.SIGKILL)
        time.sleep(number * 0.001)  # the moment at which it hurts lies within a few milliseconds
        stack.redis.client().client_kill_filter(_type="normal", skipme=True)
        assert workload.add.delay(number, 1).get(timeout=20) == number + 1
        wait_until(lambda: len(worker.tree()) == 3)
    assert worker.runs()

"""Tasks that log, hang and meet limits: `-I tests.acceptance.long_workload` on a worker."""

import logging
import os
import signal
import time
from pathlib import Path

from celery import shared_task
from celery.exceptions import SoftTimeLimitExceeded
from django.db import transaction
from django.utils import timezone

from jobs.engine.context import check_cancelled, current_job, progress
from jobs.engine.exactly_once import job_transaction
from jobs.models import Token
from tests.acceptance import workload

logger = logging.getLogger(__name__)


def wait_for(path):
    """Say so in a file beside it, and wait until a file is there, for a minute at most."""
    Path(f"{path}-waits").touch()
    end = time.monotonic() + 60
    while time.monotonic() < end and not Path(path).exists():
        time.sleep(0.05)


@shared_task(name="test.hold_until")
def hold_until(path):
    """Write a line to a file; look for a cancel until a file with `-ends` to its name is there."""
    workload.append.run(path, "started")
    end = time.monotonic() + 180
    steps = 0
    while time.monotonic() < end and not Path(f"{path}-ends").exists():
        check_cancelled()
        steps += 1
        progress(steps, None, "holding")
        time.sleep(0.05)


@shared_task(name="test.say_and_hang")
def say_and_hang(seconds=60.0):
    """Log a line and then say nothing more."""
    logger.info("about to hang, attempt %s", current_job().attempt)
    time.sleep(seconds)


@shared_task(name="test.say_and_be_killed")
def say_and_be_killed(path):
    """Log a line, and kill the own process once a file is there."""
    logger.info("about to die, attempt %s", current_job().attempt)
    wait_for(path)
    os.kill(os.getpid(), signal.SIGKILL)


@shared_task(name="test.hang_once")
def hang_once(path):
    """Log a line; the first time of all, hang."""
    again = Path(path).exists()
    Path(path).touch()
    logger.info("the second begin" if again else "the first begin")
    if not again:
        time.sleep(60)


@shared_task(name="test.say_in_a_transaction")
def say_in_a_transaction(path):
    """Log in a transaction that is open for a while, and is rolled back."""
    with transaction.atomic():
        Token.objects.create(name="undone", digest="undone", created_at=timezone.now())
        logger.info("said in a transaction")
        wait_for(path)
        transaction.set_rollback(True)
    time.sleep(60)


@shared_task(name="test.hang_deaf", time_limit=2)
def hang_deaf(path):
    """Run longer than a hard time limit, whatever it is told."""
    workload.append.run(path, str(os.getpid()))
    end = time.monotonic() + 60
    while time.monotonic() < end:
        try:
            time.sleep(60)
        except SoftTimeLimitExceeded:
            workload.append.run(path, "soft")


@shared_task(name="test.look_for_a_limit", soft_time_limit=1)
def look_for_a_limit(seconds=60.0):
    """Run for a while, looking for a cancel or a limit; tell which came."""
    end = time.monotonic() + seconds
    try:
        while time.monotonic() < end:
            check_cancelled()
            time.sleep(0.05)
    except SoftTimeLimitExceeded:
        check_cancelled()  # once is enough: it may tidy up
        return "soft"
    return "through"


@shared_task(name="test.pay_when_told")
def pay_when_told(token, path, inside=False):
    """Pay within `job_transaction`; wait for a file before it, or when it has begun."""
    if not inside:
        wait_for(path)
    with job_transaction() as finish:
        if inside:
            wait_for(path)
        name = f"{token} of {os.getpid()}"
        Token.objects.create(name=name, digest=name, created_at=timezone.now())
        finish.result = os.getpid()


@shared_task(name="test.fail_and_wait", bind=True, max_retries=3)
def fail_and_wait(self):
    """Fail, and ask for another attempt in a minute."""
    raise self.retry(exc=ValueError("not yet"), countdown=60)

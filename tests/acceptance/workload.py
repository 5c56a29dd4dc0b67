"""Plain tasks for the acceptance tests: a worker knows them (tests.acceptance.stack.TASKS)."""

import logging
import os
import signal
import time
from pathlib import Path

from celery import chain, chord, group, shared_task
from django.db import InterfaceError, OperationalError
from django.utils import timezone

from jobs.engine.context import check_cancelled, current_job, log, progress, snooze
from jobs.engine.exactly_once import job_transaction
from jobs.models import Job, Token

logger = logging.getLogger(__name__)


@shared_task(name="test.add")
def add(a, b):
    """Add two numbers."""
    return a + b


@shared_task(name="test.append")
def append(path, line):
    """Write a line to a file: the file tells how often it ran, and in which order."""
    with Path(path).open("a") as file:
        file.write(f"{line}\n")
    return line


@shared_task(name="test.fail")
def fail(message="boom"):
    """Fail."""
    raise ValueError(message)


@shared_task(name="test.flaky", bind=True, max_retries=5)
def flaky(self, path, successes_at=3):
    """Fail until the given attempt."""
    with Path(path).open("a") as file:
        file.write(f"{current_job().attempt}\n")
    logger.info("attempt %s", current_job().attempt)
    if current_job().attempt < successes_at:
        raise self.retry(exc=ValueError("not yet"), countdown=0.1)
    return current_job().attempt


@shared_task(name="test.retry_and_go_on", bind=True, max_retries=3)
def retry_and_go_on(self, path, then="return"):
    """Ask for a retry in the form that does not raise; then return, or fail, all the same."""
    append.run(path, str(current_job().attempt))
    if current_job().attempt == 1:
        self.retry(countdown=0.1, throw=False)
        if then == "fail":
            raise ValueError("and yet")
    return current_job().attempt


@shared_task(
    name="test.auto_retry",
    autoretry_for=(OSError,),
    max_retries=2,
    retry_backoff=1,
    retry_backoff_max=1,
    retry_jitter=False,
)
def auto_retry():
    """Fail with an error that Celery retries by itself."""
    raise OSError("disk full")


@shared_task(name="test.hold")
def hold(seconds, path=""):
    """Run for a while, looking for a cancel."""
    if path:
        append.run(path, "started")
    end = time.monotonic() + seconds
    steps = 0
    while time.monotonic() < end:
        check_cancelled()
        steps += 1
        progress(steps, None, "holding")
        time.sleep(0.05)
    return steps


@shared_task(name="test.deaf")
def deaf(seconds):
    """Run for a while without looking for a cancel."""
    time.sleep(seconds)


@shared_task(name="test.long_at_first")
def long_at_first(path, line="ran", seconds=60.0):
    """Write a line to a file; run long the first time, deaf to everything, and then no more."""
    first = not Path(path).exists() or line not in Path(path).read_text().split()
    append.run(path, line)
    if first:
        time.sleep(seconds)
    return line


@shared_task(name="test.limited", time_limit=1)
def limited():
    """Run longer than its hard time limit."""
    time.sleep(60)


@shared_task(name="test.softly_limited", soft_time_limit=1)
def softly_limited():
    """Run longer than its soft time limit."""
    time.sleep(60)


@shared_task(name="test.talk")
def talk():
    """Log in both ways."""
    log("said with log()")
    logging.getLogger("anything").warning("said with logging, %s", "formatted")
    return "done"


@shared_task(name="test.replace", bind=True)
def replace(self, a, b):
    """Become another task."""
    raise self.replace(add.s(a, b))


@shared_task(name="test.total")
def total(numbers):
    """Add up a list."""
    return sum(numbers)


@shared_task(name="test.submit_more")
def submit_more(n):
    """Submit jobs from inside a job."""
    return [add.delay(i, i).id for i in range(n)]


@shared_task(name="test.touch_database")
def touch_database(number):
    """Read a row, as most tasks do."""
    return Job.objects.filter(id=str(number)).exists()


@shared_task(name="test.step", bind=True, max_retries=3)
def step(self, path, name, seconds=0.0, fails_first=False):
    """Note the begin and the end; on wish, fail the first time."""
    append.run(path, f"+{name}")
    time.sleep(seconds)
    append.run(path, f"-{name}")
    if fails_first and current_job().attempt == 1:
        raise self.retry(countdown=0.5)


@shared_task(name="test.put_off")
def put_off(path):
    """Put itself off once, then finish."""
    append.run(path, str(current_job().attempt))
    if len(Path(path).read_text().split()) == 1:
        snooze(0.3)
    return "done"


@shared_task(name="test.pay")
def pay(token, then_die=False):
    """Write a row and finish, both or neither; on wish, die right before or after the commit."""
    with job_transaction() as finish:
        Token.objects.create(
            name=f"{token}-{current_job().attempt}", digest=f"{token}", created_at=timezone.now()
        )
        finish.result = "paid"
        if then_die == "before" and current_job().attempt == 1:
            os.kill(os.getpid(), signal.SIGKILL)
    if then_die == "after":
        os.kill(os.getpid(), signal.SIGKILL)


@shared_task(
    name="test.pay_in_the_end",
    autoretry_for=(OperationalError, InterfaceError),
    max_retries=None,
    default_retry_delay=0.5,
)
def pay_in_the_end(token):
    """Write a row and finish, both or neither; try again while the database is away."""
    with job_transaction() as finish:
        Token.objects.create(
            name=f"{token} by {current_job().attempt}", digest=token, created_at=timezone.now()
        )
        finish.result = "paid"


@shared_task(name="test.odd")
def odd(case):
    """Tell what no column takes."""
    if case == "surrogate_log":
        log("a file name: \udcff and a \x00")
    elif case == "progress_nan":
        progress(float("nan"), float("inf"))
    else:
        progress(-1, 10**30, "\udcff")
    return case


@shared_task(name="test.become", bind=True)
def become(self, shape):
    """Become a chain, a group or a chord."""
    canvas = {
        "chain": chain(add.s(1, 2), add.s(3)),
        "group": group(add.s(1, 1), add.s(2, 2)),
        "chord": chord([add.s(1, 1), add.s(2, 2)], total.s()),
        "failing": chain(fail.si(), add.si(1, 1)),
    }[shape]
    raise self.replace(canvas)


@shared_task(name="test.needs")
def needs(path):
    """Fail until a file is there."""
    if not Path(path).exists():
        raise FileNotFoundError(path)


@shared_task(name="test.slow_append")
def slow_append(path, line):
    """Write a line to a file, slowly."""
    time.sleep(0.2)
    append.run(path, line)


@shared_task(name="test.move", bind=True, max_retries=1)
def move(self):
    """Retry once, in another queue."""
    if current_job().attempt == 1:
        raise self.retry(queue="other", priority=8, countdown=0)
    return self.request.delivery_info["routing_key"]


@shared_task(name="test.mark_times", bind=True, max_retries=9)
def mark_times(self, path, attempts, wait):
    """Write the time of each attempt to a file; retry after `wait` seconds, so many times."""
    append.run(path, str(time.time()))
    if current_job().attempt < attempts:
        raise self.retry(countdown=wait)


@shared_task(name="test.in_own_lane", lane="own", lane_width=2)
def in_own_lane(path, name):
    """Note the begin and the end; its lane is an option of the task."""
    append.run(path, f"+{name}")
    time.sleep(0.2)
    append.run(path, f"-{name}")

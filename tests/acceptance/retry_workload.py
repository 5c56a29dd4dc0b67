"""Tasks with retry rules: a worker gets them with `-I tests.acceptance.retry_workload`."""

import logging
import time

from celery import shared_task
from celery.exceptions import TimeLimitExceeded

from jobs.engine.context import current_job
from jobs.engine.retry_rules import On, backoff, never

logger = logging.getLogger(__name__)


class Unreachable(Exception):
    """The other side does not answer."""


class RateLimited(Exception):
    """The other side says when to come back."""

    def __init__(self, retry_after):
        super().__init__(retry_after)
        self.retry_after = retry_after


_ERRORS = {
    "unreachable": lambda: Unreachable("no answer"),
    "limited": lambda: RateLimited(3),
    "value": lambda: ValueError("wrong"),
    "key": lambda: KeyError("missing"),
    "os": lambda: OSError("disk"),
}

RULES = (
    On(Unreachable, attempts=3, wait=backoff(0.1, 0.2)),
    On(RateLimited, wait=lambda error, attempt: error.retry_after, attempts=2),
    On(ValueError, never),
)


def _fail(kind):
    logger.info("attempt %s of %s", current_job().attempt, kind)
    try:
        raise RuntimeError("the first cause")
    except RuntimeError as cause:
        raise _ERRORS[kind]() from cause


@shared_task(
    name="test.ruled",
    retry_rules=RULES,
    autoretry_for=(ValueError, OSError),
    max_retries=1,
    retry_backoff=1,
    retry_backoff_max=1,
    retry_jitter=False,
)
def ruled(kind):
    """Fail, with rules before Celery's own options."""
    _fail(kind)


@shared_task(name="test.only_ruled", retry_rules=RULES, max_attempts=2)
def only_ruled(kind):
    """Fail, with rules alone and a cap."""
    _fail(kind)


@shared_task(name="test.stubborn", bind=True, max_retries=None, max_attempts=3)
def stubborn(self):
    """Ask for another attempt, always."""
    raise self.retry(exc=Unreachable("still"), countdown=0.1)


@shared_task(
    name="test.slow_ruled",
    time_limit=1,
    retry_rules=(On(TimeLimitExceeded, 0.1, attempts=2),),
)
def slow_ruled():
    """Run longer than its hard time limit."""
    time.sleep(60)

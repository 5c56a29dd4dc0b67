"""The tasks of the drill. Only its own workers know them: `celery worker -I drill.workload`.

Each run notes its begin and its end in a file, beside the database and beside the engine's rows.
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from celery import shared_task
from celery.exceptions import Retry
from django.conf import settings

from drill.journal import Journal
from drill.tables import write_effect
from jobs.engine.context import current_job
from jobs.engine.exactly_once import job_transaction
from jobs.models import Job

RUNS = "runs"
#: Where those answer who are called.
PRESENT = "present"
TICK = "drill.tick"
_HERE_SECONDS = 0.2
_COUNTDOWN = 0.5
#: Tells a process from an earlier one of the same number.
_LOADED_NS = time.time_ns()


class Hiccup(Exception):
    """A job fails on purpose."""


@shared_task(name="drill.plain")
def plain(key: str, work: float) -> None:
    """Write a row and return: an effect that comes at least once."""
    with _noted(key) as job:
        time.sleep(work)
        write_effect(job, key)


@shared_task(name="drill.exact", bind=True, max_retries=None)
def exact(self: Any, key: str, work: float, fails: int = 0) -> None:
    """Write a row exactly once; fail `fails` times before, by `self.retry`."""
    with _noted(key) as job:
        time.sleep(work)
        if self.request.retries < fails:
            raise self.retry(exc=Hiccup(), countdown=_COUNTDOWN)
        with job_transaction():
            write_effect(job, key)


@shared_task(
    name="drill.flaky",
    bind=True,
    autoretry_for=(Hiccup,),
    max_retries=20,
    retry_backoff=1,
    retry_backoff_max=2,
    retry_jitter=False,
)
def flaky(self: Any, key: str, work: float, fails: int) -> None:
    """The same, by Celery's own options."""
    with _noted(key, countdown=float(min(2, 2**self.request.retries))) as job:
        time.sleep(work)
        if self.request.retries < fails:
            raise Hiccup
        with job_transaction():
            write_effect(job, key)


@shared_task(name="drill.closing")
def closing(key: str) -> None:
    """Write a row exactly once, as the callback of a batch; nobody knows its id before."""
    with _noted(key, job_id=key) as job, job_transaction():
        write_effect(job, key)


@shared_task(name=TICK)
def tick() -> None:
    """Write a row exactly once, for a tick of the schedule: the one that it stands for by now."""
    with _noted(TICK) as job, job_transaction():
        moment = Job.objects.values_list("tick", flat=True).get(id=job)
        write_effect(job, f"{TICK}@{moment.isoformat() if moment else ''}")


@shared_task(name="drill.here")
def here() -> None:
    """Answer to a call of the roll; long enough for the others to get one, too."""
    _journal(PRESENT, os.getpid()).write({"at": time.time()})
    time.sleep(_HERE_SECONDS)


@contextmanager
def _noted(key: str, *, countdown: float = _COUNTDOWN, job_id: str = "") -> Iterator[str]:
    """Note the begin and the end of a run; yields the id of the job, or `job_id` in its place."""
    job = current_job()
    if job is None:
        raise RuntimeError("The tasks of the drill run in its own workers only.")
    id = job_id or job.id
    run = {"job": id, "attempt": job.attempt, "pid": os.getpid()}
    _journal(RUNS, os.getpid()).write(run | {"key": key, "began": time.time()})
    outcome, error = "undone", None
    try:
        yield id
        outcome = "done"
    except (Retry, Hiccup):
        outcome = "again"
        raise
    except BaseException as caught:
        error = repr(caught)
        raise
    finally:
        end = {"ended": time.time(), "outcome": outcome, "countdown": countdown, "error": error}
        _journal(RUNS, os.getpid()).write(run | end)


@cache
def _journal(folder: str, pid: int) -> Journal:
    """A journal of the process `pid`, which is this one: a forked child makes its own.

    Two threads may come here at once: they write to the same file.
    """
    return Journal(Path(settings.VAR_DIR) / folder / f"{pid}-{_LOADED_NS}.jsonl", durable=False)

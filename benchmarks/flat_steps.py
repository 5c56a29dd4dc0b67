"""What `benchmarks.flat` times, in a process that knows the tables. 100 jobs a step."""

import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import count

from celery import current_app
from django.db import connection
from django.utils import timezone

from benchmarks.fill import fill_delayed, fill_finished, fill_line, fill_queued, settle_down
from jobs.engine.dispatcher import Dispatcher
from jobs.engine.ids import new_id
from jobs.models import Job, Lane
from jobs.operations.claim import claim, release
from jobs.operations.finish import Start, Success, start, succeed
from jobs.operations.lanes import admit, lanes_of
from jobs.operations.submit import Draft, submit
from jobs.queries.jobs.filters import JobFilter
from jobs.queries.jobs.listing import list_jobs

BATCH = 100


def figures(
    finished: Sequence[int], waiting: int, repeat: int, lanes: int
) -> dict[str, list[float]]:
    """Fill, time, fill up, time again: the median milliseconds of each step."""
    fill_queued(waiting // 2)
    fill_delayed(waiting // 2)
    found: dict[str, list[float]] = {}
    there = 0
    for number in finished:
        fill_finished(number - there, prefix=f"old{number}")
        there = number
        settle_down()
        for step, function in _steps().items():
            found.setdefault(step, []).append(_median(function, repeat))
    step = "end of a batch, and who comes next"
    found[step] = [_in_lanes(number, repeat) for number in (1, lanes)]
    return found


def _steps() -> dict[str, Callable[[], object]]:
    now = timezone.now()
    dispatcher = Dispatcher(current_app, "bench", started_at=now)
    free = list(Job.objects.unclaimed().values_list("id", flat=True)[:BATCH])

    def claim_and_release() -> None:
        assert len(claim(free, worker="bench", now=timezone.now())) == BATCH
        release(free, worker="bench", now=timezone.now())

    return {
        "a turn of the dispatcher": lambda: dispatcher.run_once(timezone.now()),
        "claim and give back": claim_and_release,
        "submit, claim, start, finish": _whole_life,
        "the jobs page": lambda: list_jobs(JobFilter(), now),
    }


_number = count()


def _whole_life() -> None:
    now, prefix = timezone.now(), f"{new_id()}-{next(_number)}"
    ids = [f"{prefix}-{i}" for i in range(BATCH)]
    submit([Draft(id=id, task="bench.noop", queue="q", message="{}") for id in ids], now=now)
    claim(ids, worker="bench", now=now)
    start([Start(id, 1, now) for id in ids], worker="bench")
    assert len(succeed([Success(id, 1, now, now, "") for id in ids], worker="bench")) == BATCH


def _in_lanes(number: int, repeat: int) -> float:
    """The end of a batch of jobs, and the turn of those behind them, in `number` lanes."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM jobs_job WHERE lane <> ''")
        cursor.execute("DELETE FROM jobs_lane")
    fill_line(3 * max(number, repeat * BATCH), number, prefix=f"line{number}")
    if number == 1:
        Lane.objects.update(width=BATCH)
        admit(["lane-0"], now=timezone.now())
    settle_down()
    times: list[float] = []
    for _ in range(repeat):
        now = timezone.now()
        going = (
            Job.objects.in_turn().filter(state="queued").order_by("?").values_list("id", flat=True)
        )
        ids = [won.id for won in claim(list(going[:BATCH]), worker="bench", now=now)]
        with _timed(times):
            done = succeed([Success(id, 1, now, now, "") for id in ids], worker="bench")
            admitted = admit(lanes_of(done), now=now)
        assert len(admitted) == len(done) == BATCH
    return statistics.median(times) * 1000


def _median(function: Callable[[], object], repeat: int) -> float:
    times: list[float] = []
    for _ in range(3):
        function()
    for _ in range(repeat):
        with _timed(times):
            function()
    return statistics.median(times) * 1000


@contextmanager
def _timed(times: list[float]) -> Iterator[None]:
    begun = time.perf_counter()
    yield
    times.append(time.perf_counter() - begun)

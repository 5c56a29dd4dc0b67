"""What `benchmarks.flat` times, in a process that knows the tables. 100 jobs a step."""

import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count

from celery import current_app
from django.db import connection
from django.utils import timezone

from benchmarks.fill import fill_delayed, fill_finished, fill_line, fill_queued, settle_down
from jobs.engine.ids import new_id
from jobs.engine.worker.dispatcher import Dispatcher
from jobs.models import Job, Lane
from jobs.operations.claim import claim, release
from jobs.operations.finish import Start, Success, start, succeed
from jobs.operations.lanes import admit, lanes_of
from jobs.operations.submit import Draft, submit
from jobs.queries.jobs.filters import JobFilter
from jobs.queries.jobs.listing import list_jobs

BATCH = 100
#: Calls of a step in one round.
_REPEAT = 40


def do(what: str, *numbers: str) -> dict[str, float]:
    """Fill a table, or time something in it: milliseconds by step."""
    if what == "fill":
        finished, waiting = map(int, numbers)
        fill_finished(finished)
        fill_queued(waiting // 2)
        fill_delayed(waiting // 2)
        settle_down()
        return {}
    if what == "lanes":
        return {"end of a batch, and who comes next": _in_lanes(int(numbers[0]))}
    return {step: _median(function) for step, function in _steps().items()}


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


def _in_lanes(number: int) -> float:
    """The end of a batch of jobs, and the turn of those behind them, in `number` lanes."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM jobs_job WHERE NOT (lane = '')")
        cursor.execute("DELETE FROM jobs_lane")
    fill_line(3 * 10_000, number, prefix=f"line{new_id()}")
    if number == 1:
        Lane.objects.update(width=BATCH)
        admit(["lane-0"], now=timezone.now())
    settle_down()
    times: list[float] = []
    for _ in range(_REPEAT):
        now = timezone.now()
        going = (
            Job.objects.in_turn().filter(state="queued").order_by("?").values_list("id", flat=True)
        )
        ids = [won.id for won in claim(list(going[:BATCH]), worker="bench", now=now)]
        with _timed(times):
            done = succeed([Success(id, 1, now, now, "") for id in ids], worker="bench")
            admitted = admit(lanes_of(done), now=now)
        assert len(done) == BATCH >= len(admitted) >= BATCH - 10
    return statistics.median(times) * 1000


def _median(function: Callable[[], object]) -> float:
    times: list[float] = []
    for _ in range(3):
        function()
    for _ in range(_REPEAT):
        with _timed(times):
            function()
    return statistics.median(times) * 1000


@contextmanager
def _timed(times: list[float]) -> Iterator[None]:
    begun = time.perf_counter()
    yield
    times.append(time.perf_counter() - begun)

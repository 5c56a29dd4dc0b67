"""The jobs that ran longest."""

from datetime import datetime
from heapq import heappush, heappushpop
from itertools import count

from reports.build.facts import SlowJob
from reports.build.rows import FinishedRow


class Slowest:
    """Keeps the `most` longest, however many it is shown."""

    def __init__(self, most: int = 10) -> None:
        self._most = most
        #: A heap, the shortest first; the number settles a tie, so that rows are never compared.
        self._heap: list[tuple[float, int, datetime, FinishedRow]] = []
        self._numbers = count()

    def add(self, run_seconds: float, started_at: datetime, row: FinishedRow) -> None:
        if len(self._heap) < self._most:
            heappush(self._heap, (run_seconds, next(self._numbers), started_at, row))
        elif run_seconds > self._heap[0][0]:
            heappushpop(self._heap, (run_seconds, next(self._numbers), started_at, row))

    def longest_first(self) -> list[SlowJob]:
        return [
            SlowJob(row.id, row.task, row.state, row.attempt, run_seconds, started_at)
            for run_seconds, _, started_at, row in sorted(self._heap, reverse=True)
        ]

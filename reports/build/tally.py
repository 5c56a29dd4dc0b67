"""Counts the rows of a day as they stream by: what it keeps of a job is two floats."""

from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain

from jobs.states import State
from reports.build.day import Day
from reports.build.distribution import distribution_of
from reports.build.facts import DayFacts, Hour, Outcomes, ScheduleFacts, TaskFacts
from reports.build.failures import FailureGroups
from reports.build.rows import AttemptRow, CreatedRow, FinishedRow
from reports.build.slowest import Slowest
from reports.build.spread import seconds_between, spread_of


@dataclass(slots=True)
class _Task:
    outcomes: Outcomes = field(default_factory=Outcomes)
    waits: "array[float]" = field(default_factory=lambda: array("d"))
    runs: "array[float]" = field(default_factory=lambda: array("d"))
    attempts: int = 0


class Tally:
    """Feed it the day's rows, in any order, then ask for the facts."""

    def __init__(self, day: Day) -> None:
        self._day = day
        self._hours = [Hour(start) for start in day.hours()]
        self._submitted = self._unfinished = 0
        self._tasks: defaultdict[str, _Task] = defaultdict(_Task)
        self._failures = FailureGroups()
        self._slowest = Slowest()
        self._attempts: Counter[str] = Counter()

    def add_created(self, rows: Iterable[CreatedRow]) -> None:
        for row in rows:
            self._hours[self._day.hour_of(row.created_at)].submitted += 1
            self._submitted += 1
            self._unfinished += row.finished_at is None

    def add_finished(self, rows: Iterable[FinishedRow]) -> None:
        for row in rows:
            task = self._tasks[row.task]
            task.outcomes.count(row.state)
            self._hours[self._day.hour_of(row.finished_at)].outcomes.count(row.state)
            if row.state == State.FAILED:
                self._failures.add(row)
            if row.started_at is not None:
                run_seconds = seconds_between(row.started_at, row.finished_at)
                # From run_at, not created_at: a job that was asked to start later did not wait.
                task.waits.append(seconds_between(row.run_at, row.started_at))
                task.runs.append(run_seconds)
                self._slowest.add(run_seconds, row.started_at, row)

    def add_attempts(self, rows: Iterable[AttemptRow]) -> None:
        """The attempts of the day that did not succeed."""
        for row in rows:
            self._attempts[row.outcome] += row.count
            self._tasks[row.task].attempts += row.count

    def facts(
        self, *, made_at: datetime, thinned: bool, schedules: list[ScheduleFacts]
    ) -> DayFacts:
        return DayFacts(
            day=self._day,
            made_at=made_at,
            thinned=thinned,
            submitted=self._submitted,
            unfinished=self._unfinished,
            outcomes=_total(hour.outcomes for hour in self._hours),
            hours=self._hours,
            waits=spread_of(self._waits()),
            runs=spread_of(self._runs()),
            wait_buckets=distribution_of(self._waits()),
            run_buckets=distribution_of(self._runs()),
            tasks=self._task_facts(),
            slowest=self._slowest.longest_first(),
            failures=self._failures.largest_first(),
            attempts=dict(self._attempts.most_common()),
            schedules=schedules,
        )

    def _waits(self) -> Iterable[float]:
        return chain.from_iterable(task.waits for task in self._tasks.values())

    def _runs(self) -> Iterable[float]:
        return chain.from_iterable(task.runs for task in self._tasks.values())

    def _task_facts(self) -> list[TaskFacts]:
        facts = [
            TaskFacts(
                name, task.outcomes, spread_of(task.waits), spread_of(task.runs), task.attempts
            )
            for name, task in self._tasks.items()
        ]
        return sorted(facts, key=lambda task: (-task.outcomes.finished, task.name))


def _total(parts: Iterable[Outcomes]) -> Outcomes:
    total = Outcomes()
    for part in parts:
        total.succeeded += part.succeeded
        total.failed += part.failed
        total.cancelled += part.cancelled
    return total

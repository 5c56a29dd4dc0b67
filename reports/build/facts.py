"""The facts of a day, as the page, the CSV and the mail tell them."""

from dataclasses import dataclass, field
from datetime import datetime

from jobs.states import State
from reports.build.day import Day
from reports.build.distribution import Bucket
from reports.build.spread import Spread


@dataclass(slots=True)
class Outcomes:
    """How many jobs ended in each way."""

    succeeded: int = 0
    failed: int = 0
    cancelled: int = 0

    @property
    def finished(self) -> int:
        return self.succeeded + self.failed + self.cancelled

    @property
    def success_rate(self) -> float | None:
        """Of those that were tried to the end: a cancelled job says nothing about success."""
        tried = self.succeeded + self.failed
        return self.succeeded / tried if tried else None

    def count(self, state: str) -> None:
        if state == State.SUCCEEDED:
            self.succeeded += 1
        elif state == State.FAILED:
            self.failed += 1
        elif state == State.CANCELLED:
            self.cancelled += 1


@dataclass(slots=True)
class Hour:
    """An hour of the day, by its local start."""

    start: datetime
    submitted: int = 0
    outcomes: Outcomes = field(default_factory=Outcomes)


@dataclass(frozen=True, slots=True)
class TaskFacts:
    """A day of one task. `attempts` counts the attempts that did not succeed."""

    name: str
    outcomes: Outcomes
    waits: Spread
    runs: Spread
    attempts: int


@dataclass(frozen=True, slots=True)
class SlowJob:
    """A job that ran long."""

    id: str
    task: str
    state: str
    attempt: int
    run_seconds: float
    started_at: datetime


@dataclass(frozen=True, slots=True)
class FailureGroup:
    """Failed jobs of one cause; the message and the job are those of the last one."""

    fingerprint: str
    error_type: str
    message: str
    count: int
    tasks: tuple[tuple[str, int], ...]
    first_at: datetime
    last_at: datetime
    job_id: str


@dataclass(frozen=True, slots=True)
class ScheduleFacts:
    """The runs that a schedule started in the day, and what became of them so far."""

    name: str
    task: str
    timing: str
    #: None: the schedule has been deleted since.
    enabled: bool | None
    runs: int
    outcomes: Outcomes
    last_at: datetime | None
    run_times: Spread

    @property
    def unfinished(self) -> int:
        return self.runs - self.outcomes.finished

    @property
    def missed(self) -> bool:
        """Enabled, and not a single run in the day."""
        return self.enabled is True and self.runs == 0


@dataclass(frozen=True, slots=True)
class DayFacts:
    """Everything that the report of a day says."""

    day: Day
    made_at: datetime
    #: Retention may have deleted jobs of this day before the report was made.
    thinned: bool
    submitted: int
    #: Submitted in the day, and not ended when the report was made.
    unfinished: int
    outcomes: Outcomes
    hours: list[Hour]
    waits: Spread
    runs: Spread
    wait_buckets: list[Bucket]
    run_buckets: list[Bucket]
    tasks: list[TaskFacts]
    slowest: list[SlowJob]
    failures: list[FailureGroup]
    #: The attempts that did not succeed, by how they ended; many succeeded when tried again.
    attempts: dict[str, int]
    schedules: list[ScheduleFacts]

    @property
    def so_far(self) -> bool:
        return not self.day.is_over(self.made_at)

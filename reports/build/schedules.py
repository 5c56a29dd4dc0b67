"""What each schedule did in the day."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from reports.build.facts import Outcomes, ScheduleFacts
from reports.build.rows import RunRow, ScheduleRow
from reports.build.spread import seconds_between, spread_of


@dataclass(slots=True)
class _Runs:
    task: str = ""
    count: int = 0
    last_at: datetime | None = None
    outcomes: Outcomes = field(default_factory=Outcomes)
    seconds: list[float] = field(default_factory=list)

    def add(self, run: RunRow) -> None:
        self.task = run.task
        self.count += 1
        self.last_at = max(self.last_at or run.created_at, run.created_at)
        self.outcomes.count(run.state)
        if run.started_at and run.finished_at:
            self.seconds.append(seconds_between(run.started_at, run.finished_at))


def schedule_facts(schedules: Iterable[ScheduleRow], runs: Iterable[RunRow]) -> list[ScheduleFacts]:
    """Every schedule by name: those that ran not at all, and those deleted since they ran."""
    known = {schedule.name: schedule for schedule in schedules}
    ran: dict[str, _Runs] = {}
    for run in runs:
        ran.setdefault(run.schedule, _Runs()).add(run)
    return [_facts(name, known.get(name), ran.get(name, _Runs())) for name in sorted(known | ran)]


def _facts(name: str, schedule: ScheduleRow | None, runs: _Runs) -> ScheduleFacts:
    return ScheduleFacts(
        name=name,
        task=schedule.task if schedule else runs.task,
        timing=schedule.timing if schedule else "",
        enabled=schedule.enabled if schedule else None,
        runs=runs.count,
        outcomes=runs.outcomes,
        last_at=runs.last_at,
        run_times=spread_of(runs.seconds),
    )

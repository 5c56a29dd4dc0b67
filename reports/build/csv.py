"""The facts as CSV: one long table, so that the files of many days can be put together."""

import csv
from collections.abc import Iterator
from dataclasses import asdict
from io import StringIO

from reports.build.facts import DayFacts, Outcomes
from reports.build.spread import Spread

HEADER = ("day", "section", "name", "measure", "value")
#: A cell that starts like this would be run as a formula by a spreadsheet; wide forms as well.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")

Value = str | int | float | None
Row = tuple[str, str, str, Value]


def csv_of(facts: DayFacts) -> str:
    """The whole report; every number is exact, durations are in seconds."""
    file = StringIO()
    writer = csv.writer(file, lineterminator="\r\n")
    writer.writerow(HEADER)
    day = facts.day.calendar_date.isoformat()
    for section, name, measure, value in _rows(facts):
        if value is not None:
            writer.writerow((day, section, guarded(name), measure, guarded(value)))
    return file.getvalue()


def guarded(value: Value) -> Value:
    """Text that a spreadsheet would take for a formula gets an apostrophe in front."""
    if isinstance(value, str) and value.startswith(FORMULA):
        return f"'{value}"
    return value


def _rows(facts: DayFacts) -> Iterator[Row]:
    yield from _day(facts)
    for hour in facts.hours:
        name = hour.start.isoformat(timespec="minutes")
        yield "hour", name, "submitted", hour.submitted
        yield from _outcomes("hour", name, hour.outcomes)
    for task in facts.tasks:
        yield from _outcomes("task", task.name, task.outcomes)
        yield "task", task.name, "unsuccessful attempts", task.attempts
        yield from _spread("task", task.name, "wait", task.waits)
        yield from _spread("task", task.name, "run", task.runs)
    yield from _failures(facts)
    yield from _slowest(facts)
    yield from _schedules(facts)


def _day(facts: DayFacts) -> Iterator[Row]:
    zone = facts.day.zone
    yield "day", "", "time zone", zone.key
    yield "day", "", "made at", facts.made_at.astimezone(zone).isoformat(timespec="seconds")
    yield "day", "", "complete", "no" if facts.so_far or facts.thinned else "yes"
    yield "day", "", "submitted", facts.submitted
    yield "day", "", "unfinished", facts.unfinished
    yield from _outcomes("day", "", facts.outcomes)
    yield from _spread("day", "", "wait", facts.waits)
    yield from _spread("day", "", "run", facts.runs)
    for outcome, count in facts.attempts.items():
        yield "attempts", outcome, "count", count


def _outcomes(section: str, name: str, outcomes: Outcomes) -> Iterator[Row]:
    yield section, name, "succeeded", outcomes.succeeded
    yield section, name, "failed", outcomes.failed
    yield section, name, "cancelled", outcomes.cancelled
    if section != "hour":
        yield section, name, "success rate", outcomes.success_rate


def _spread(section: str, name: str, measure: str, spread: Spread) -> Iterator[Row]:
    for key, value in asdict(spread).items():
        if key != "count":
            yield section, name, f"{measure} {key} seconds", value


def _failures(facts: DayFacts) -> Iterator[Row]:
    for group in facts.failures:
        name = group.fingerprint or group.error_type
        yield "failure", name, "count", group.count
        yield "failure", name, "error type", group.error_type
        yield "failure", name, "last message", group.message
        yield "failure", name, "tasks", ", ".join(f"{task} {count}" for task, count in group.tasks)
        yield "failure", name, "last job", group.job_id


def _slowest(facts: DayFacts) -> Iterator[Row]:
    for job in facts.slowest:
        yield "slowest", job.id, "task", job.task
        yield "slowest", job.id, "state", job.state
        yield "slowest", job.id, "run seconds", job.run_seconds


def _schedules(facts: DayFacts) -> Iterator[Row]:
    for schedule in facts.schedules:
        name = schedule.name
        yield "schedule", name, "task", schedule.task
        yield "schedule", name, "enabled", "yes" if schedule.enabled else "no"
        yield "schedule", name, "runs", schedule.runs
        yield from _outcomes("schedule", name, schedule.outcomes)
        yield "schedule", name, "unfinished", schedule.unfinished
        if schedule.last_at:
            last_at = schedule.last_at.astimezone(facts.day.zone)
            yield "schedule", name, "last at", last_at.isoformat(timespec="seconds")
        yield from _spread("schedule", name, "run", schedule.run_times)

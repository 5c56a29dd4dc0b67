"""Small evidence for the checks: jobs of a drill, made by hand."""

from drill.calls import Sort
from drill.plan import Kind
from drill.records import Effect, Evidence, Hit, Run, Schedule, Submission

PERIOD = 2.0


def submitted(job, sort=Sort.EXACT, at=100.0, **values):
    return Submission(key=f"key-{job}", sort=sort, job=job, at=at, **values)


def ran(job, began=100.1, ended=100.2, outcome="done", *, attempt=1, pid=1, countdown=0.5):
    return Run(job, f"key-{job}", attempt, pid, began, ended, outcome, countdown)


def died(job, began, *, attempt=1, pid=1):
    return ran(job, began, None, "", attempt=attempt, pid=pid)


def effect(number, job, at=100.2):
    return Effect(number, job, f"key-{job}", at)


def hit(at, *pids, kind=Kind.WORKER_KILLED, jobs=()):
    return Hit(at, kind, "worker 0 (prefork)", frozenset(pids), frozenset(jobs))


def seen(submissions=(), runs=(), effects=(), hits=(), ticks=None, unfinished=0):
    """Evidence with a schedule that owes no tick unless `ticks` are given."""
    ticks = ticks or {}
    end = max(ticks.values(), default=100.0)
    begin = min(ticks.values(), default=102.0) - PERIOD
    return Evidence(
        submissions, runs, effects, hits, Schedule(PERIOD, begin, end, ticks), unfinished
    )

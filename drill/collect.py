"""Collect: from journals, run files and tables to the evidence."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from django.conf import settings
from django.utils import timezone

from drill import tables
from drill.calls import Sort
from drill.checks import missing_ticks
from drill.journal import lines
from drill.records import Evidence, Hit, Run, Schedule, Submission
from drill.submitter import JOURNALS
from drill.workload import RUNS
from jobs.models import Job
from jobs.states import State


class Missing(NamedTuple):
    """What is still to be done."""

    jobs: int
    ticks: int
    unfinished: int
    #: Jobs that wait for a moment: after a crash that may take minutes.
    to_come: int


def missing(folder: Path, schedule: str, period: float, span: tuple[float, float]) -> Missing:
    """What was submitted and has not been done yet."""
    owed = {one.job for one in _submissions(folder)}
    made = _schedule(schedule, period, span)
    done = tables.jobs_with_effect()
    return Missing(
        len((owed | made.ticks.keys()) - done),
        len(missing_ticks(made)),
        Job.objects.unfinished().count(),
        Job.objects.filter(state=State.SCHEDULED, run_at__gt=timezone.now()).count(),
    )


def collect(
    folder: Path, schedule: str, period: float, span: tuple[float, float], hits: Sequence[Hit]
) -> Evidence:
    """Everything that was seen; call it when nothing runs any more."""
    return Evidence(
        submissions=_submissions(folder),
        runs=list(runs_in(Path(settings.VAR_DIR) / RUNS)),
        effects=tables.effects(),
        hits=hits,
        schedule=_schedule(schedule, period, span),
        unfinished=Job.objects.unfinished().count(),
    )


def _submissions(folder: Path) -> list[Submission]:
    """Every call that was committed: the table and the journals together.

    The table has those that were committed right before their submitter died; the journals would
    have those that a database has forgotten.
    """
    known = {(one.key, one.job): one for line in tables.submissions() for one in _jobs_of(line)}
    for path in sorted(folder.glob(JOURNALS)):
        for line in lines(path):
            if line["sort"] != Sort.ROLLED_BACK:
                known |= {(one.key, one.job): one for one in _jobs_of(line, journaled=True)}
    return list(known.values())


def _jobs_of(line: dict[str, Any], *, journaled: bool = False) -> Iterator[Submission]:
    """The jobs of a call: one, those of a chain or a batch, or both of an idempotency key."""
    yield _submission(line, journaled)
    if "again" in line:
        again = {"key": f"{line['key']}-again", "job": line["again"]}
        yield _submission(line | again, journaled)
    for more in line.get("more", ()):
        yield _submission(line | more, journaled)


def _submission(line: dict[str, Any], journaled: bool) -> Submission:
    return Submission(
        key=line["key"],
        sort=Sort(line["sort"]),
        job=line["job"],
        at=line["at"],
        begun=line["begun"],
        journaled=journaled,
        lane=line.get("lane", ""),
        place=line.get("place", 0),
        unique=line.get("unique", ""),
        due=line["due"],
        after=tuple(line.get("after", ())),
    )


def _schedule(name: str, period: float, span: tuple[float, float]) -> Schedule:
    """The ticks as the jobs have noted them; by the engine's rows only those that never ran."""
    rows = Job.objects.filter(schedule=name, tick__isnull=False).values_list("id", "tick")
    made = {id: tick.timestamp() for id, tick in rows if tick is not None}
    return Schedule(period, *span, made | tables.ticks())


def runs_in(folder: Path) -> Iterator[Run]:
    """The runs of all processes, each from the lines of its begin and its end."""
    for path in sorted(folder.glob("*.jsonl")):
        begun: dict[tuple[str, int], dict[str, Any]] = {}
        for line in lines(path):
            place = (line["job"], line["attempt"])
            if "began" in line:
                if place in begun:  # put back by a stop, and here once more
                    yield _run(begun[place])
                begun[place] = line
            else:
                begun[place] = begun[place] | line
        yield from map(_run, begun.values())


def _run(line: dict[str, Any]) -> Run:
    return Run(
        job=line["job"],
        key=line["key"],
        attempt=line["attempt"],
        pid=line["pid"],
        began=line["began"],
        ended=line.get("ended"),
        outcome=line.get("outcome", ""),
        countdown=line.get("countdown", 0.0),
    )

"""How long jobs waited that could have run: the measure of recovery. Pure."""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from drill.records import Effect, Evidence, Hit, Run, Submission
from jobs.operations.rescue import backoff


@dataclass(frozen=True, slots=True)
class Wait:
    """A time in which a job could have run and did not."""

    job: str
    #: Seconds, without the pause that the engine makes on purpose after a crash.
    seconds: float
    #: From when, in seconds since 1970.
    since: float
    #: The fault that it is put down to; None if none came near.
    hit: Hit | None
    #: Seconds since the job could first have run, however often it was hit anew since.
    in_all: float = 0.0


def waits(evidence: Evidence) -> Iterator[Wait]:
    """Every wait: before the first begin, after a fault in the middle, after a retry."""
    runs: dict[str, list[Run]] = defaultdict(list)
    for run in evidence.runs:
        runs[run.job].append(run)
    first_effect: dict[str, Effect] = {}
    for effect in evidence.effects:
        first_effect.setdefault(effect.job, effect)
    hits = sorted(evidence.hits, key=lambda hit: hit.at)
    hits_of: dict[str, list[Hit]] = defaultdict(list)
    for hit in hits:
        for job in hit.jobs:
            hits_of[job].append(hit)
    for job, able in _able(evidence, first_effect).items():
        line = sorted(runs.get(job, ()), key=lambda run: run.began)
        if line:
            first = _put_down(Wait(job, line[0].began - able, able, None), hits)
            for wait in (first, *_between(job, line, hits)):
                yield _anew(replace(wait, in_all=wait.seconds), hits_of[job])


def _anew(wait: Wait, hits: Sequence[Hit]) -> Wait:
    """`wait` from the last fault in it that hit the job once more, before it had begun."""
    end = wait.since + wait.seconds
    later = [hit for hit in hits if wait.since < hit.at < end]
    if not later:
        return wait
    last = later[-1]
    return replace(wait, seconds=end - last.at, since=last.at, hit=last)


def _able(evidence: Evidence, effects: Mapping[str, Effect]) -> dict[str, float]:
    """When each job could have begun for the first time."""
    able = dict(evidence.schedule.ticks)
    lanes: dict[str, list[Submission]] = defaultdict(list)
    for one in evidence.submissions:
        moment = max(one.at, one.due, *(effects[id].at for id in one.after if id in effects))
        able[one.job] = min(moment, able.get(one.job, moment))
        if one.lane:
            lanes[one.lane].append(one)
    for line in lanes.values():
        free = 0.0
        for one in sorted(line, key=lambda one: one.place):
            able[one.job] = max(able[one.job], free)
            if one.job in effects:
                free = effects[one.job].at
    return able


def _between(job: str, line: Sequence[Run], hits: Sequence[Hit]) -> Iterator[Wait]:
    """The waits after the first begin of `job`: after a retry it asked for, and after faults."""
    crashes = 0
    for number, run in enumerate(line):
        later = [other.began for other in line[number + 1 :]]
        if run.outcome == "again" and run.ended is not None:
            if later:
                due = run.ended + run.countdown
                yield _put_down(Wait(job, later[0] - due, due, None), hits)
            continue
        hit = _hit_of(run, hits)
        if hit is None:
            if later and run.outcome != "done":
                # Nobody has hit its process: it ended by itself, or began while it was stopped.
                spent = line[number + 1].attempt > run.attempt
                crashes += spent
                since = (run.ended or run.began) + (backoff(crashes) if spent else 0.0)
                yield _put_down(Wait(job, later[0] - since, since, None), hits)
            continue
        back = list(later)
        if run.ended is not None and run.outcome == "done":
            back.append(run.ended)  # it was frozen, and came to its end after all
        if back:
            crashes += 1 if later else 0
            pause = backoff(crashes) if min(back) in later else 0.0
            since = hit.at + pause  # which is on purpose
            yield Wait(job, min(back) - since, since, hit)


def _hit_of(run: Run, hits: Sequence[Hit]) -> Hit | None:
    """The fault that hit the process of `run` while it ran."""
    for hit in hits[bisect_left(hits, run.began, key=lambda hit: hit.at) :]:
        if run.ended is not None and hit.at > run.ended:
            return None
        if run.pid in hit.pids:
            return hit
    return None


def _put_down(wait: Wait, hits: Sequence[Hit]) -> Wait:
    """`wait`, with the first fault in it, or else the last one before it."""
    number = bisect_right(hits, wait.since, key=lambda hit: hit.at)
    ends = wait.since + wait.seconds
    if number < len(hits) and hits[number].at < ends:
        return Wait(wait.job, wait.seconds, wait.since, hits[number])
    return Wait(wait.job, wait.seconds, wait.since, hits[number - 1] if number else None)

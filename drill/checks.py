"""The checks: from what was seen to the figures. Pure. docs/drill.md defines each figure."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from drill.again import answered_too_late, begun_again
from drill.calls import Sort
from drill.plan import Kind
from drill.records import Effect, Evidence, Schedule, Submission
from drill.recovery import Wait, waits

#: Nobody may wait as long as this for the engine to see what happened.
RECOVERY_SECONDS = 30.0
#: Nor as long as this, if what hit it once hits it again and again: three times that.
LONGEST_SECONDS = 90.0
#: Two processes of one machine read its clock; this is for rounding.
_CLOCK_SECONDS = 0.005


@dataclass(frozen=True, slots=True)
class Verdict:
    """The figures of a drill. Each listing names jobs, so that one can look for them."""

    #: Jobs that were submitted, by their sort.
    submitted: Mapping[Sort, int]
    #: Those of them that have done what they are for.
    run: Mapping[Sort, int]
    lost: Sequence[str] = ()
    doubled: Sequence[str] = ()
    doubled_ticks: Sequence[str] = ()
    out_of_order: Sequence[str] = ()
    not_unique: Sequence[str] = ()
    ghosts: Sequence[str] = ()
    early: Sequence[str] = ()
    #: Rows that had not ended when everything had been done.
    unfinished: int = 0
    #: Processes that ended although nobody had hit them.
    by_itself: Sequence[str] = ()
    #: Workers that lived and took no job when all faults were over.
    deaf: Sequence[str] = ()
    #: Who did not end when asked to.
    lingering: Sequence[str] = ()
    #: Calls that were answered with a job that was there.
    answered: int = 0
    #: Effects that came again, of jobs that promise them at least once.
    repeated: int = 0
    slowest: Wait | None = None
    #: The longest wait in seconds, with all the faults that hit its job again.
    longest: float = 0.0
    faults: Mapping[str, int] = field(default_factory=dict)

    @property
    def wrong(self) -> dict[str, Sequence[str]]:
        """What must be empty, by its name in the report."""
        return {
            "lost": self.lost,
            "doubled commits": self.doubled,
            "doubled ticks": self.doubled_ticks,
            "out of order": self.out_of_order,
            "not unique": self.not_unique,
            "ghosts": self.ghosts,
            "too early": self.early,
            "ended by itself": self.by_itself,
            "took no jobs": self.deaf,
            "did not stop": self.lingering,
        }

    @property
    def passed(self) -> bool:
        """Whether every promise was kept, and soon enough."""
        slow = self.slowest is not None and self.slowest.seconds >= RECOVERY_SECONDS
        slow = slow or self.longest >= LONGEST_SECONDS
        return not (any(self.wrong.values()) or self.unfinished or slow)


def judge(evidence: Evidence) -> Verdict:
    """The figures that `evidence` comes to."""
    jobs = _jobs(evidence)
    effects = _by_job(evidence.effects)
    began: dict[str, float] = {}
    for run in evidence.runs:
        began[run.job] = min(run.began, began.get(run.job, run.began))
    slow = sorted(waits(evidence), key=lambda wait: wait.seconds)
    again = {job: len(rows) - 1 for job, rows in effects.items() if len(rows) > 1}
    return Verdict(
        submitted=Counter(jobs.values()),
        run=Counter(sort for job, sort in jobs.items() if job in effects),
        lost=[
            *(job for job in jobs if job not in effects),
            *missing_ticks(evidence.schedule),
            *answered_too_late(evidence),
        ],
        doubled=[job for job in again if jobs.get(job) != Sort.PLAIN],
        doubled_ticks=_doubled_ticks(evidence.schedule),
        out_of_order=[
            *_out_of_order(evidence.submissions, began, effects),
            *_too_soon(evidence.submissions, began, effects),
            *begun_again(evidence),
        ],
        not_unique=_not_unique(evidence.submissions, began, effects),
        ghosts=_ghosts(evidence, jobs),
        early=_early(evidence.submissions, began),
        unfinished=evidence.unfinished,
        by_itself=[hit.whom for hit in evidence.hits if hit.kind == Kind.BY_ITSELF],
        deaf=evidence.deaf,
        lingering=evidence.lingering,
        answered=len(evidence.submissions) - len(set(jobs) - set(evidence.schedule.ticks)),
        repeated=sum(number for job, number in again.items() if jobs.get(job) == Sort.PLAIN),
        slowest=slow[-1] if slow else None,
        longest=max((wait.in_all for wait in slow), default=0.0),
        faults=Counter(hit.kind for hit in evidence.hits if hit.kind != Kind.BY_ITSELF),
    )


def _jobs(evidence: Evidence) -> dict[str, Sort]:
    jobs = {one.job: one.sort for one in evidence.submissions}
    return jobs | dict.fromkeys(evidence.schedule.ticks, Sort.TICK)


def _by_job(effects: Iterable[Effect]) -> dict[str, list[Effect]]:
    found: dict[str, list[Effect]] = defaultdict(list)
    for effect in effects:
        found[effect.job].append(effect)
    return found


def missing_ticks(schedule: Schedule) -> list[str]:
    """Points of the grid for which no job was made. (A job that did not run is lost as such.)"""
    made = {round(tick / schedule.period) for tick in schedule.ticks.values()}
    first = int(schedule.begin // schedule.period) + 1
    last = int(schedule.end // schedule.period)
    return [f"tick {n * schedule.period:.0f}" for n in range(first, last + 1) if n not in made]


def _doubled_ticks(schedule: Schedule) -> list[str]:
    """Points of the grid with more than one job, and ticks that are none of its points."""
    period = schedule.period
    count = Counter(round(tick / period) for tick in schedule.ticks.values())
    off = [
        tick
        for tick in schedule.ticks.values()
        if abs(tick - round(tick / period) * period) > _CLOCK_SECONDS
    ]
    return [
        *(f"tick {number * period:.0f}" for number, jobs in count.items() if jobs > 1),
        *(f"tick {tick:.3f}, off the grid" for tick in off),
    ]


def _out_of_order(
    submissions: Iterable[Submission],
    began: Mapping[str, float],
    effects: Mapping[str, list[Effect]],
) -> list[str]:
    """Jobs of a lane that began, or had their effect, before the one in front of them had its."""
    lanes: dict[str, list[Submission]] = defaultdict(list)
    for one in submissions:
        if one.lane and one.job in effects:
            lanes[one.lane].append(one)
    wrong = []
    for line in lanes.values():
        for front, back in pairwise(sorted(line, key=lambda one: one.place)):
            done, after = effects[front.job][0], effects[back.job][0]
            begin = began.get(back.job, after.at)
            if after.number < done.number or begin < done.at - _CLOCK_SECONDS:
                wrong.append(back.job)
    return wrong


def _too_soon(
    submissions: Iterable[Submission],
    began: Mapping[str, float],
    effects: Mapping[str, list[Effect]],
) -> list[str]:
    """Steps of a chain and callbacks of a batch that did not wait for what comes before them."""
    return [
        one.job
        for one in submissions
        if one.job in began
        and any(
            front not in effects or effects[front][0].at > began[one.job] + _CLOCK_SECONDS
            for front in one.after
        )
    ]


def _not_unique(
    submissions: Iterable[Submission],
    began: Mapping[str, float],
    effects: Mapping[str, list[Effect]],
) -> list[str]:
    """Jobs that were there, not yet done, while another one of their key was.

    A job was there for sure from its commit, or from when it began if nobody lived to tell, to its
    effect. An idempotency key has one job for ever.
    """
    there: dict[str, dict[str, tuple[float, float]]] = defaultdict(dict)
    for one in submissions:
        if one.unique:
            end = (
                float("inf")
                if one.sort == Sort.TWIN or one.job not in effects
                else effects[one.job][0].at
            )
            begin = min(one.at if one.journaled else end, began.get(one.job, end))
            known = there[one.unique].get(one.job, (begin, end))
            there[one.unique][one.job] = (min(begin, known[0]), end)
    wrong = []
    for family in there.values():
        latest = float("-inf")
        for job, (begin, end) in sorted(family.items(), key=lambda item: item[1]):
            if begin < latest - _CLOCK_SECONDS:
                wrong.append(job)
            latest = max(latest, end)
    return wrong


def _ghosts(evidence: Evidence, jobs: Mapping[str, Sort]) -> list[str]:
    """Jobs that ran, and that nobody has submitted: their transaction was rolled back."""
    seen = {run.job for run in evidence.runs} | {effect.job for effect in evidence.effects}
    return sorted(seen - jobs.keys())


def _early(submissions: Iterable[Submission], began: Mapping[str, float]) -> list[str]:
    """Jobs that began before the moment that was asked for."""
    return [
        one.job
        for one in submissions
        if one.due and began.get(one.job, one.due) < one.due - _CLOCK_SECONDS
    ]

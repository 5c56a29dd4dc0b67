"""Jobs that come to the fore once more although they have ended: as answers, or as runs. Pure."""

from collections import defaultdict

from drill.calls import Sort
from drill.records import Evidence, Run

#: Two processes of one machine read its clock; this is for rounding.
_CLOCK_SECONDS = 0.005


def answered_too_late(evidence: Evidence) -> list[str]:
    """Unique calls that were answered with a job that had ended before: they are lost.

    A job has not ended before its task returns. Where nobody lived to note that, nothing is said.
    """
    ended: dict[str, float] = defaultdict(lambda: float("inf"))
    for run in evidence.runs:
        if run.outcome == "done" and run.ended is not None:
            known = ended.get(run.job, 0.0)
            ended[run.job] = max(known, run.ended)
    return [
        f"call {one.key}"
        for one in evidence.submissions
        if one.sort == Sort.UNIQUE and ended[one.job] < one.begun - _CLOCK_SECONDS
    ]


def begun_again(evidence: Evidence) -> list[str]:
    """Jobs of a lane that began once more after their effect, beside another job of the lane."""
    lane_of = {one.job: one.lane for one in evidence.submissions if one.lane}
    done: dict[str, float] = {}
    for effect in evidence.effects:
        done.setdefault(effect.job, effect.at)
    runs: dict[str, list[Run]] = defaultdict(list)
    for run in evidence.runs:
        if run.job in lane_of:
            runs[lane_of[run.job]].append(run)
    return [
        run.job
        for line in runs.values()
        for run in line
        if run.began > done.get(run.job, float("inf")) + _CLOCK_SECONDS
        and any(other.job != run.job and _overlap(run, other) for other in line)
    ]


def _overlap(one: Run, other: Run) -> bool:
    return max(one.began, other.began) < min(one.ended or one.began, other.ended or other.began)

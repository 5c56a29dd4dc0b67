"""Whether a schedule does what it promises: its last runs, and what is wrong with them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from django.db.models import OuterRef, Subquery

from jobs.clockwork import begin_of, first_after
from jobs.models import Attempt, Job, SchedulePolicy
from jobs.queries.jobs import hot
from jobs.states import FINAL, State

#: A run that is this late may still come at any moment.
_SOON = timedelta(seconds=5)
#: If so many runs in a row have not begun, nobody runs them, however short the interval.
RECENT_RUNS = 100


class Health(StrEnum):
    """How a schedule fares."""

    OK = "ok"
    LATE = "late"
    DID_NOT_RUN = "did not run"
    DID_NOT_FINISH = "did not finish"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class Run:
    """A job of a schedule."""

    id: str
    state: str
    tick: datetime | None
    created_at: datetime
    #: When its present attempt began.
    started_at: datetime | None
    finished_at: datetime | None
    error_type: str
    requested_by: str
    #: When the first of the attempts began that did not succeed.
    failed_from: datetime | None

    @property
    def due_at(self) -> datetime:
        """When it was to begin."""
        return self.tick or self.created_at

    @property
    def has_not_begun(self) -> bool:
        """Whether it waits, or was given up before it began."""
        waits = self.started_at is None and self.state not in FINAL
        return waits or (self.error_type == "Expired" and self.state == State.CANCELLED)

    def took(self, now: datetime) -> timedelta | None:
        """How long it is since its first attempt began, or was at its end, waits and all."""
        begins = [at for at in (self.failed_from, self.started_at) if at]
        if not begins:
            return None
        return max((self.finished_at or now) - min(begins), timedelta())


def last_runs(name: str, *, most: int = 20) -> Sequence[Run]:
    """The last jobs of a schedule, the newest first."""
    jobs = Job.objects.filter(hot.OF_A_SCHEDULE, schedule=name).order_by("-created_at")
    attempts = Attempt.objects.filter(job=OuterRef("pk"), started_at__isnull=False)
    first = attempts.order_by("started_at").values("started_at")[:1]
    jobs = jobs.annotate(failed_from=Subquery(first))
    return [Run(*row) for row in jobs.values_list(*Run.__slots__)[:most]]


def policy_of(task: Any) -> SchedulePolicy:
    """The policy of a schedule: its own, or the one that holds where nobody made any."""
    policy: SchedulePolicy | None = getattr(task, "policy", None)
    return policy or SchedulePolicy()


def begin_of_task(task: Any) -> datetime:
    """The moment up to which a schedule has been dealt with."""
    watch = getattr(task, "watch", None)
    since = watch.enabled_since if watch else None
    return begin_of(task, since, count_paused=policy_of(task).count_paused)


def health(task: Any, schedule: Any, runs: Sequence[Run], now: datetime) -> Health:
    """How the schedule fares, by what beat owes and by its last runs.

    Of one that is off, the runs that have not ended count; of one that fires once, all.
    """
    policy = policy_of(task)
    if not (task.enabled or task.one_off):
        runs = [run for run in runs if run.state not in FINAL]
    # django-celery-beat switches one that fires once off at that: its run still has a promise.
    if _is_unfinished(runs, policy, now):
        return Health.DID_NOT_FINISH
    late = max(_owed(task, schedule, now), _unbegun(runs, policy, now))
    if late > timedelta(seconds=policy.max_lateness_seconds):
        return Health.DID_NOT_RUN
    if not task.enabled:
        return Health.OFF
    return Health.LATE if late > _SOON else Health.OK


def _is_unfinished(runs: Sequence[Run], policy: SchedulePolicy, now: datetime) -> bool:
    if policy.expected_seconds is None:
        return False
    longest = timedelta(seconds=policy.expected_seconds + policy.grace_seconds)
    begun = [(run, took) for run in runs if (took := run.took(now)) is not None]
    ended = [took for run, took in begun if run.state in FINAL]
    # The last one that has ended says how things are, until there is another one.
    return any(took > longest for run, took in begun if run.state not in FINAL) or (
        bool(ended) and ended[0] > longest
    )


def _owed(task: Any, schedule: Any, now: datetime) -> timedelta:
    """For how long beat has owed a run."""
    if not task.enabled:
        return timedelta()
    if (task.expires and task.expires <= now) or _was_just_edited(task):
        return timedelta()
    moment = first_after(schedule, begin_of_task(task))
    return now - moment if moment and moment < now else timedelta()


def _was_just_edited(task: Any) -> bool:
    """Whether beat has yet to read that the schedule is on, or its rule; then it owes nothing."""
    watch = getattr(task, "watch", None)
    if watch is None:
        return False
    if watch.enabled_since is None:
        return not policy_of(task).count_paused
    has_new_rule = bool(watch.rule) and watch.rule != str(task.scheduler)
    return has_new_rule and task.clocked_id is None  # beat notes no rule of a clocked one


def _unbegun(runs: Sequence[Run], policy: SchedulePolicy, now: datetime) -> timedelta:
    """For how long the oldest of the last runs that has not begun is late."""
    unbegun = []
    for run in runs:
        if not run.has_not_begun:
            break
        unbegun.append(run)
    if len(unbegun) >= RECENT_RUNS:
        return timedelta(seconds=policy.max_lateness_seconds + 1)
    return now - unbegun[-1].due_at if unbegun else timedelta()

"""Whom a fault is about to hit: the only thing that a drill asks the engine's tables for.

It decides from when a wait counts, not whether a job is lost.
"""

from collections.abc import Iterable

from drill.cast import Cast, Member
from drill.plan import Fault, Kind
from jobs.models import Job, Node
from jobs.states import State

_OF_A_WORKER = frozenset(
    {Kind.WORKER_KILLED, Kind.PARENT_KILLED, Kind.WORKER_STOPPED, Kind.WORKER_FROZEN}
)


def affected(fault: Fault, cast: Cast) -> frozenset[str]:
    """The jobs that the worker has, or that wait in Redis."""
    if fault.kind == Kind.ALL_KILLED:
        return _held_by(cast.workers)
    if fault.kind in _OF_A_WORKER:
        return _held_by([cast.workers[fault.target]])
    if fault.kind.startswith("Redis"):
        return frozenset(Job.objects.unclaimed().values_list("id", flat=True))
    return frozenset()


def _held_by(members: Iterable[Member]) -> frozenset[str]:
    pids = [member.running.pid for member in members if member.running]
    nodes = list(Node.objects.workers().filter(pid__in=pids).values_list("id", flat=True))
    held = Job.objects.filter(worker__in=nodes, state__in=(State.QUEUED, State.RUNNING))
    return frozenset(held.values_list("id", flat=True))

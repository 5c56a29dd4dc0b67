"""Whom a fault is about to hit: by what lies in Redis, and by the engine's rows of workers.

It decides from when a wait counts, not whether a job is lost.
"""

import json
from collections.abc import Iterable, Iterator

import redis

from drill.cast import Cast, Member
from drill.plan import Fault, Kind
from jobs.models import Job, Node
from jobs.states import State

_OF_A_WORKER = frozenset(
    {Kind.WORKER_KILLED, Kind.PARENT_KILLED, Kind.WORKER_STOPPED, Kind.WORKER_FROZEN}
)
#: A Redis that freezes keeps its messages.
_EMPTIES_REDIS = frozenset({Kind.REDIS_KILLED, Kind.REDIS_FLUSHED})


def affected(fault: Fault, cast: Cast) -> frozenset[str]:
    """The jobs that the worker has, or whose message is in a Redis that forgets it."""
    if fault.kind == Kind.ALL_KILLED:
        return _held_by(cast.workers)
    if fault.kind in _OF_A_WORKER:
        return _held_by([cast.workers[fault.target]])
    if fault.kind in _EMPTIES_REDIS and cast.redis.is_up:
        return _in_redis(cast)
    return frozenset()


def _held_by(members: Iterable[Member]) -> frozenset[str]:
    pids = [member.running.pid for member in members if member.running]
    nodes = list(Node.objects.workers().filter(pid__in=pids).values_list("id", flat=True))
    held = Job.objects.filter(worker__in=nodes, state__in=(State.QUEUED, State.RUNNING))
    return frozenset(held.values_list("id", flat=True))


def _in_redis(cast: Cast) -> frozenset[str]:
    try:
        with cast.redis.client() as client:
            return frozenset(_ids(client))
    except redis.RedisError:
        return frozenset()


def _ids(client: redis.Redis) -> Iterator[str]:
    """The ids in every list that there is, whatever queue it belongs to."""
    for key in client.scan_iter(_type="LIST"):
        for message in client.lrange(key, 0, -1):
            headers = json.loads(message).get("headers") or {}
            if "id" in headers:
                yield str(headers["id"])

"""Faults, carried out: from the plan's words to signals. Where nobody is there to hit, none."""

import os
import signal
import time
from collections.abc import Callable

import redis

from drill.cast import Cast, Member
from drill.plan import Fault, Kind
from drill.records import Hit

#: What ends a fault that lasts.
Ending = Callable[[], None]


def carry_out(fault: Fault, cast: Cast) -> tuple[Hit | None, Ending | None]:
    """Do it. Returns what was hit, and what is to be done when its time is over."""
    if fault.kind.startswith("Redis"):
        return _hit_redis(fault, cast)
    if fault.kind == Kind.ALL_KILLED:
        at, pids = time.time(), frozenset[int]().union(*(m.tree() for m in cast.workers))
        for member in cast.workers:
            member.kill()
        return Hit(at, fault.kind, "all workers", pids), None
    member = _target(fault, cast)
    if member.running is None or not member.running.runs():
        return None, None
    return _hit_member(fault, member)


def _target(fault: Fault, cast: Cast) -> Member:
    match fault.kind:
        case Kind.BEAT_KILLED | Kind.BEAT_FROZEN:
            return cast.beats[fault.target]
        case Kind.SUBMITTER_KILLED | Kind.SUBMITTER_FROZEN:
            return cast.submitters[fault.target]
    return cast.workers[fault.target]


def _hit_member(fault: Fault, member: Member) -> tuple[Hit | None, Ending | None]:
    at, pids = time.time(), member.tree()
    match fault.kind:
        case Kind.WORKER_KILLED | Kind.BEAT_KILLED | Kind.SUBMITTER_KILLED:
            member.kill()
        case Kind.PARENT_KILLED:
            member.behead()
        case Kind.WORKER_STOPPED:
            member.stop()
        case Kind.CHILD_KILLED:
            return _kill_child(fault, member), None
        case _:
            member.send(signal.SIGSTOP)
            frozen = member.running
            return Hit(at, fault.kind, member.name, pids), lambda: _thaw(member, frozen)
    return Hit(at, fault.kind, member.name, pids), None


def _thaw(member: Member, frozen: object) -> None:
    if member.running is frozen:
        member.send(signal.SIGCONT)


def _kill_child(fault: Fault, member: Member) -> Hit | None:
    children = member.children()
    if not children:
        return None
    child = children[int(fault.at * 1_000) % len(children)]
    hit = Hit(time.time(), fault.kind, member.name, frozenset({child}))
    try:
        os.kill(child, signal.SIGKILL)
    except ProcessLookupError:  # it has just ended by itself
        return None
    return hit


def _hit_redis(fault: Fault, cast: Cast) -> tuple[Hit | None, Ending | None]:
    hit = Hit(time.time(), fault.kind, "Redis")
    if not cast.redis.is_up:
        return None, None
    match fault.kind:
        case Kind.REDIS_KILLED:
            cast.redis.kill()
            return hit, cast.redis.start
        case Kind.REDIS_FROZEN:
            cast.redis.freeze()
            return hit, cast.redis.thaw
    try:
        with cast.redis.client() as client:
            client.flushall()
    except redis.RedisError:
        return None, None
    return hit, None

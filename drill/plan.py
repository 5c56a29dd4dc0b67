"""The plan: which fault comes when, and whom it hits. A pure function of the seed.

Faults that take a worker's whole tree come in rounds that leave, at every moment, one worker that
has been up for a lease and stays up: that is what the promise needs ("as long as one worker lives,
everything heals"). Once in two rounds all workers die together before that, and then nobody hits
them until they have had the time to see what is lost. The seed says which round is the first.
"""

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from random import Random


class Kind(StrEnum):
    """What may happen; the words stand in the report."""

    WORKER_KILLED = "worker killed"
    PARENT_KILLED = "worker killed without its children"
    WORKER_STOPPED = "worker stopped with TERM"
    WORKER_FROZEN = "worker frozen past its lease"
    ALL_KILLED = "all workers killed at once"
    CHILD_KILLED = "child killed"
    BEAT_KILLED = "beat killed"
    BEAT_FROZEN = "beat frozen"
    SUBMITTER_KILLED = "submitter killed"
    SUBMITTER_FROZEN = "submitter frozen"
    REDIS_KILLED = "Redis killed"
    REDIS_FROZEN = "Redis frozen"
    REDIS_FLUSHED = "Redis flushed"
    #: Nobody plans this one: a process ended that nobody had hit.
    BY_ITSELF = "ended by itself"


@dataclass(frozen=True, slots=True)
class Shape:
    """Who there is to hit."""

    #: The pool of each worker.
    pools: tuple[str, ...] = ("prefork", "prefork", "threads", "solo")
    beats: int = 2
    submitters: int = 2
    #: LEASE_SECONDS of the workers.
    lease: float = 15.0


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault of the plan. Times are seconds since the begin of the load."""

    at: float
    kind: Kind
    #: The number of the worker, beat or submitter.
    target: int = 0
    #: How long it lasts: a freeze, or Redis being away.
    seconds: float = 0.0


FIRST_AT = 3.0
#: A worker needs about this long to be up again.
_BOOT_SECONDS = 8.0
#: The dispatcher takes a turn a second, and a lease ends within one.
_TURNS_SECONDS = 3.0
_KILLING_SECONDS = 30.0
#: Redis is not away for longer, nor does a beat or a submitter freeze.
_LONGEST_SECONDS = 5.0

_HEAVY = (Kind.WORKER_KILLED, Kind.PARENT_KILLED, Kind.WORKER_STOPPED)
_LIGHT = (
    *(Kind.CHILD_KILLED, Kind.CHILD_KILLED, Kind.BEAT_KILLED, Kind.BEAT_FROZEN),
    *(Kind.SUBMITTER_KILLED, Kind.SUBMITTER_FROZEN),
    *(Kind.REDIS_KILLED, Kind.REDIS_FROZEN, Kind.REDIS_FLUSHED, Kind.REDIS_FLUSHED),
)


def make_plan(seed: int, seconds: float, shape: Shape) -> tuple[Fault, ...]:
    """The faults of a drill of `seconds`, in order of time."""
    heavy = list(_heavy(Random(f"{seed}/workers"), seconds, shape))
    all_died = [fault.at for fault in heavy if fault.kind == Kind.ALL_KILLED]
    light = _light(Random(f"{seed}/others"), seconds, shape, all_died)
    return tuple(sorted((*heavy, *light), key=lambda fault: fault.at))


def _heavy(random: Random, seconds: float, shape: Shape) -> Iterator[Fault]:
    """What takes workers: in each round one freezes, and others are taken one by one.

    In one of two rounds all die first, and the others are taken while the one is frozen, so that a
    drill of a minute may have everything.
    """
    at, all_die = FIRST_AT, random.random() < 0.5
    heals = _BOOT_SECONDS + shape.lease + _TURNS_SECONDS
    while at < seconds:
        if all_die:
            yield Fault(at, Kind.ALL_KILLED)
            at += heals
        target, lasts = random.randrange(len(shape.pools)), shape.lease + random.uniform(2.0, 4.0)
        if at < seconds:
            yield Fault(at, Kind.WORKER_FROZEN, target, lasts)
        back_at = at + lasts
        at = at if all_die else back_at
        at = yield from _kills(random, at, seconds, shape, frozen=(target, back_at))
        at += heals
        all_die = not all_die


def _kills(
    random: Random, at: float, seconds: float, shape: Shape, *, frozen: tuple[int, float]
) -> Generator[Fault, None, float]:
    """Workers die or stop one after the other; one that has seen the last lease is spared.

    `frozen` is a worker, and when it is back.
    """
    end = min(at + _KILLING_SECONDS, seconds)
    seen = shape.lease + _TURNS_SECONDS
    up_since = [at - seen] * len(shape.pools)
    up_since[frozen[0]] = frozen[1]
    deck: list[Kind] = []
    while (at := at + random.uniform(4.0, 9.0)) < end:
        deck = deck or random.sample(_HEAVY, len(_HEAVY))
        steady = [number for number, since in enumerate(up_since) if since <= at - seen]
        up = {number for number, since in enumerate(up_since) if since <= at}
        targets = [
            number
            for number in range(len(up_since))
            if len(up - {number}) >= 2
            and any(other != number for other in steady)
            and (number != frozen[0] or at > frozen[1])
        ]
        if not targets:
            continue
        target = random.choice(targets)
        yield Fault(at, deck.pop(), target)
        up_since[target] = at + _BOOT_SECONDS
    return at


def _light(
    random: Random, seconds: float, shape: Shape, all_died: Sequence[float]
) -> Iterator[Fault]:
    """What leaves the workers' parents alone: it may come at any moment.

    But Redis is left alone while all workers are gone: that would be two outages in a row.
    """
    at, redis_is_back, deck = FIRST_AT, 0.0, list[Kind]()
    healed_after = _BOOT_SECONDS + shape.lease + _TURNS_SECONDS
    while (at := at + random.uniform(1.5, 5.5)) < seconds:
        deck = deck or random.sample(_LIGHT, len(_LIGHT))
        alone = any(-_LONGEST_SECONDS - 1.0 < at - died < healed_after for died in all_died)
        redis_may = at > redis_is_back and not alone
        possible = [kind for kind in deck if redis_may or not kind.startswith("Redis")]
        if not possible:
            continue
        kind = possible[-1]
        deck.remove(kind)
        fault = _light_fault(random, at, kind, shape)
        if kind.startswith("Redis"):
            redis_is_back = at + fault.seconds + 1.0
        yield fault


def _light_fault(random: Random, at: float, kind: Kind, shape: Shape) -> Fault:
    lasts = random.uniform(0.3, _LONGEST_SECONDS)
    match kind:
        case Kind.CHILD_KILLED:
            preforks = [n for n, pool in enumerate(shape.pools) if pool == "prefork"]
            return Fault(at, kind, random.choice(preforks or [0]))
        case Kind.BEAT_KILLED:
            return Fault(at, kind, random.randrange(shape.beats))
        case Kind.BEAT_FROZEN:
            return Fault(at, kind, random.randrange(shape.beats), lasts)
        case Kind.SUBMITTER_KILLED:
            return Fault(at, kind, random.randrange(shape.submitters))
        case Kind.SUBMITTER_FROZEN:
            return Fault(at, kind, random.randrange(shape.submitters), lasts)
        case Kind.REDIS_KILLED | Kind.REDIS_FROZEN:
            return Fault(at, kind, 0, lasts)
    return Fault(at, kind)

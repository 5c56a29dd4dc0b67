"""The calls: what a submitter submits, one after the other. A pure function of the seed."""

from dataclasses import dataclass
from enum import StrEnum
from random import Random


class Sort(StrEnum):
    """What is to be shown by a job."""

    PLAIN = "plain"
    EXACT = "exactly once"
    LANE = "lane"
    RETRY = "retry"
    DELAYED = "delayed"
    UNIQUE = "unique"
    TWIN = "idempotency key"
    CHAIN = "chain"
    BATCH = "batch"
    ROLLED_BACK = "rolled back"
    TICK = "schedule"


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a submitter."""

    sort: Sort
    #: How long the job works, in seconds.
    work: float = 0.0
    #: How often it fails before it succeeds.
    fails: int = 0
    #: Its lane, or its unique key: a small number.
    key: int = -1
    countdown: float = 0.0


_WEIGHTS = {
    Sort.PLAIN: 22,
    Sort.EXACT: 20,
    Sort.LANE: 24,
    Sort.RETRY: 8,
    Sort.DELAYED: 8,
    Sort.UNIQUE: 7,
    Sort.TWIN: 3,
    Sort.CHAIN: 2,
    Sort.BATCH: 2,
    Sort.ROLLED_BACK: 4,
}
LANES = 12
_UNIQUE_KEYS = 6


def make_call(seed: int, submitter: int, number: int) -> Call:
    """The call `number` of submitter `submitter`."""
    random = Random(f"{seed}/{submitter}/{number}")
    sort = random.choices(list(_WEIGHTS), list(_WEIGHTS.values()))[0]
    # Most jobs are short; a few are long, so that kills find them at work.
    work = random.uniform(0.5, 1.5) if random.random() < 0.01 else random.uniform(0.0, 0.03)
    match sort:
        case Sort.LANE:
            fails = 1 if random.random() < 0.1 else 0
            return Call(sort, min(work, 0.5), fails, key=random.randrange(LANES))
        case Sort.RETRY:
            return Call(sort, work, fails=random.randint(1, 2))
        case Sort.DELAYED:
            return Call(sort, work, countdown=random.uniform(1.0, 12.0))
        case Sort.UNIQUE:
            return Call(sort, random.uniform(0.05, 0.6), key=random.randrange(_UNIQUE_KEYS))
    return Call(sort, work)

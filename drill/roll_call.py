"""The roll call: once the faults are over, each worker must take a job.

One that lives and takes none is covered by the others, and no job of the drill would miss it.
"""

import time
from collections.abc import Callable
from pathlib import Path

from django.conf import settings

from drill import workload
from drill.cast import Cast, Member

#: A worker may just have been started, or have to notice first that it is deaf.
CALL_SECONDS = 60.0
_ROUND_SECONDS = 1.0
_JOBS_A_ROUND = 12
#: By then the dispatcher publishes them: the conductor has no Redis of its own.
_COUNTDOWN = 0.1


def call_the_roll(cast: Cast, turn: Callable[[], None]) -> list[str]:
    """The workers that have taken no job within a minute. `turn` is called again and again."""
    deadline, called = time.monotonic() + CALL_SECONDS, float("-inf")
    while silent := [member.name for member in cast.workers if not _is_here(member)]:
        now = time.monotonic()
        if now > deadline:
            break
        if now - called > _ROUND_SECONDS:
            called = now
            for _ in range(_JOBS_A_ROUND):
                workload.here.apply_async(countdown=_COUNTDOWN, priority=9)
        turn()
    return silent


def _is_here(member: Member) -> bool:
    return bool(member.tree() & present(Path(settings.VAR_DIR) / workload.PRESENT))


def present(folder: Path) -> frozenset[int]:
    """The processes that have answered: the names of their files begin with their numbers."""
    return frozenset(int(path.name.partition("-")[0]) for path in folder.glob("*.jsonl"))

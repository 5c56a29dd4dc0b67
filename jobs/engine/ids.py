"""Ids of jobs: UUIDs of version 7 (RFC 9562), which sort by the time they were made."""

import secrets
import threading
import time
from uuid import UUID

_lock = threading.Lock()
_last = (0, 0)


def new_id() -> str:
    """A new id, greater than every one that this process made before.

    48 bits of milliseconds, then 74 bits: random for the first of a millisecond, and a random step
    above the last for each that follows (RFC 9562, section 6.2). Lanes keep their order by it.
    """
    global _last
    with _lock:
        milliseconds = max(time.time_ns() // 1_000_000, _last[0])
        if milliseconds == _last[0]:
            random = _last[1] + 1 + secrets.randbits(40)
        else:
            random = secrets.randbits(73)
        _last = (milliseconds, random)
    high, low = random >> 62, random & ((1 << 62) - 1)
    return str(UUID(int=milliseconds << 80 | 0x7 << 76 | high << 64 | 0b10 << 62 | low))

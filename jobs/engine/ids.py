"""Ids of jobs: UUIDs of version 7 (RFC 9562), which sort by the time they were made."""

import secrets
import time
from uuid import UUID


def new_id() -> str:
    """A new id: 48 bits of milliseconds, then 74 random bits."""
    milliseconds = time.time_ns() // 1_000_000
    random = secrets.randbits(74)
    high, low = random >> 62, random & ((1 << 62) - 1)
    return str(UUID(int=milliseconds << 80 | 0x7 << 76 | high << 64 | 0b10 << 62 | low))

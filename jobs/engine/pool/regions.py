"""Memory that a worker's parent shares with its children, for the outcomes of bundled jobs.

A child that runs several jobs says here which one it is at, and leaves the outcome of each as soon
as it has it: if the child dies, or one of the jobs takes long, the parent knows just how far it
came. One writer, one reader; the reader looks when the writer is done, dead, or late.
"""

import mmap
import pickle
import struct
import time
from collections.abc import Iterator
from typing import Any

#: Bytes of a region, and how many there are. Pages that nobody touches take no memory.
_SIZE = 65_536
_NUMBER = 128
#: The member that is running (-1 before the first), and the bytes of outcomes that follow.
_HEADER = struct.Struct("<iI")
_LENGTH = struct.Struct("<I")
#: A child that was killed may live for some moments more; its region rests for so long.
_REST_SECONDS = 10.0

# Made when a worker loads this module, before its pool forks: the children inherit it.
_shared = mmap.mmap(-1, _SIZE * _NUMBER)


class Region:
    """One bundle's part of the shared memory."""

    def __init__(self, number: int) -> None:
        self.number = number
        self._start = number * _SIZE

    def clear(self) -> None:
        """For the parent, before the bundle goes to a child."""
        _HEADER.pack_into(_shared, self._start, -1, 0)

    @property
    def running(self) -> int:
        """The index of the member that the child is at; their number when it is through."""
        return int(_HEADER.unpack_from(_shared, self._start)[0])

    # --- the child ---------------------------------------------------------------------------

    def begin(self, index: int) -> None:
        """The member `index` begins; all before it have ended."""
        used = _HEADER.unpack_from(_shared, self._start)[1]
        _HEADER.pack_into(_shared, self._start, index, used)

    def add(self, outcome: Any) -> bool:
        """Leave the outcome of the running member. False if it does not fit, or is no pickle."""
        try:
            content = pickle.dumps(outcome, protocol=pickle.HIGHEST_PROTOCOL)
        except Exception:  # noqa: BLE001 - a result may be anything; the pool's own way tells why
            return False
        index, used = _HEADER.unpack_from(_shared, self._start)
        at = self._start + _HEADER.size + used
        if at + _LENGTH.size + len(content) > self._start + _SIZE:
            return False
        _LENGTH.pack_into(_shared, at, len(content))
        at += _LENGTH.size
        _shared[at : at + len(content)] = content
        # Only now does it count: whoever reads earlier sees no half outcome.
        used += _LENGTH.size + len(content)
        _HEADER.pack_into(_shared, self._start, index, used)
        return True

    # --- the parent --------------------------------------------------------------------------

    def outcomes(self, after: int) -> Iterator[tuple[int, Any]]:
        """The outcomes from byte `after` on, each with the byte at which the next one begins."""
        used = _HEADER.unpack_from(_shared, self._start)[1]
        while after < used:
            at = self._start + _HEADER.size + after
            (length,) = _LENGTH.unpack_from(_shared, at)
            at += _LENGTH.size
            after += _LENGTH.size + length
            yield after, pickle.loads(_shared[at : at + length])  # noqa: S301 - our own child's


class Regions:
    """The regions that are free. For one thread: the consumer's."""

    def __init__(self) -> None:
        self._free = [Region(number) for number in range(_NUMBER)]
        self._resting: list[tuple[float, Region]] = []

    def take(self) -> Region | None:
        """A free region, or None."""
        if not self._free:
            now = time.monotonic()
            self._free = [region for until, region in self._resting if until <= now]
            self._resting = [(until, region) for until, region in self._resting if until > now]
        return self._free.pop() if self._free else None

    def give(self, region: Region, *, at_rest: bool) -> None:
        """Done with it. `at_rest`: its child has said so itself; else the region is left alone."""
        if at_rest:
            self._free.append(region)
        else:
            self._resting.append((time.monotonic() + _REST_SECONDS, region))

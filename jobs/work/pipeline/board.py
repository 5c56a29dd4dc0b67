"""Where the items of a chunk are, counted by all of its threads."""

import threading
from collections import Counter
from enum import StrEnum

from jobs.work.pipeline.flow import Flow
from jobs.work.pipeline.items import Outcome


class Place(StrEnum):
    """Named as the counts in `Flow`."""

    WAITING = "waiting"
    DOWNLOADING = "downloading"
    DOWNLOADED = "downloaded"
    COMPOSING = "composing"
    COMPOSED = "composed"
    UPLOADING = "uploading"
    DONE = "done"
    FAILED = "failed"


class Board:
    """Counts by place, and the outcomes that nobody was told yet."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[Place] = Counter()
        self._bytes_in = self._bytes_out = 0
        self._untold: list[Outcome] = []

    def enter(self) -> None:
        """A new item waits."""
        with self._lock:
            self._counts[Place.WAITING] += 1

    def move(self, old: Place, new: Place) -> None:
        """An item goes from one place to another."""
        with self._lock:
            self._counts[old] -= 1
            self._counts[new] += 1

    def end(self, old: Place, outcome: Outcome) -> None:
        """An item has ended."""
        with self._lock:
            self._counts[old] -= 1
            self._counts[Place.DONE if outcome.done else Place.FAILED] += 1
            self._bytes_in += outcome.bytes_in
            self._bytes_out += outcome.bytes_out
            self._untold.append(outcome)

    def untold(self) -> list[Outcome]:
        """What has ended since the last call."""
        with self._lock:
            outcomes, self._untold = self._untold, []
            return outcomes

    def flow(self, *, stopped: bool = False) -> Flow:
        """The counts of this moment."""
        with self._lock:
            counts = {str(place): self._counts[place] for place in Place}
            return Flow(
                **counts, bytes_in=self._bytes_in, bytes_out=self._bytes_out, stopped=stopped
            )

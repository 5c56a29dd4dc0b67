"""How far a chunk is."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Flow:
    """Counts of one chunk, so far. An item is in exactly one of the first eight."""

    #: Not begun, or waits for its next try.
    waiting: int = 0
    downloading: int = 0
    #: Downloaded, and waits for its composition.
    downloaded: int = 0
    composing: int = 0
    composed: int = 0
    uploading: int = 0
    done: int = 0
    failed: int = 0
    bytes_in: int = 0
    bytes_out: int = 0
    #: The chunk ended because `stop` said so; what was not finished was told by no outcome.
    stopped: bool = False

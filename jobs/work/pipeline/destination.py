"""What a place for pictures has to offer."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Stored:
    """A file that was written and looked at again."""

    name: str
    size: int
    #: "" where there is no such thing.
    etag: str = ""


class Destination(Protocol):
    """A store of files by name. All methods are safe in threads and may be called at any time.

    Errors: `DestinationDown` if the place takes nothing, `ItemFailed` (rejected) if it refuses
    this one file, `Halted` if `halt` was called meanwhile.
    """

    def put(self, name: str, data: bytes, content_type: str) -> Stored:
        """Write a file, in place of one of this name, and verify that it is there as a whole."""

    def get(self, name: str) -> bytes | None:
        """The bytes of a file, or None if there is none of this name."""

    def delete(self, name: str) -> None:
        """Remove a file; nothing happens if there is none."""

    def check(self) -> None:
        """Write, read and remove a small file. Raises DestinationDown."""

    def halt(self) -> None:
        """End what is under way within a moment; until `close`, nothing else is begun."""

    def close(self) -> None:
        """Close connections. The next use opens them anew."""

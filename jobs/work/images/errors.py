"""What can be wrong with a picture, or with the size asked of it."""

from typing import Literal

from jobs.errors import WorkError

Reason = Literal[
    "empty",  # no bytes at all
    "format",  # not one of the five formats
    "too_large",  # too many bytes
    "pixels",  # too many pixels, by the header
    "scans",  # a JPEG that would be decoded over and over
    "frames",  # an animation with too many frames, or too large ones
    "truncated",  # the end is missing
    "broken",  # a decoder gave up
    "memory",  # the process may not have the memory that this takes
]


class BadImage(WorkError):
    """The picture cannot be used; `reason` says why for a machine, the message for a person.

    Every reason is about the bytes, so a retry cannot help; "memory" is also about the limit that
    the process runs under.
    """

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason: Reason = reason

    # Celery carries errors between processes by pickle, which knows only `args`.
    def __reduce__(self) -> tuple[type["BadImage"], tuple[Reason, str]]:
        return type(self), (self.reason, str(self))


class BadSize(WorkError, ValueError):
    """The size is not WIDTHxHEIGHT with both between 1 and 10000."""

"""Politeness to hosts, beyond one chunk."""

from typing import Protocol


class Gate(Protocol):
    """Asked before each download, so that all workers together stay polite to a host.

    Called in the thread that downloads, never at the same time as itself. It should answer from
    memory or from something as quick as Redis.
    """

    def enter(self, host: str) -> float:
        """0 lets a download of this host begin; else ask again after so many seconds."""

    def shut(self, host: str, seconds: float) -> None:
        """The server asked for so much patience: let nobody in before that."""

    def leave(self, host: str) -> None:
        """A download that was let in has ended, however it ended."""

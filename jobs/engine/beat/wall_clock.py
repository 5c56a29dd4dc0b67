"""The wall clock: whether somebody has put it forward or back."""

#: Less than this is the slow correction of a clock that runs well, or a process that was held up
#: between reading the two clocks.
_JUMP_SECONDS = 1.0


class WallClock:
    """Compares the wall clock with the one that only goes on. Both in seconds."""

    def __init__(self) -> None:
        self._offset: float | None = None

    def has_jumped(self, wall: float, monotonic: float) -> bool:
        """Whether the wall clock was moved since the last call; False at the first."""
        before, self._offset = self._offset, wall - monotonic
        return before is not None and abs(self._offset - before) > _JUMP_SECONDS

"""How many jobs a worker may claim ahead of those that it runs.

Long jobs are claimed one by one, so that none waits behind them while another worker idles; short
ones are claimed by the hundred, so that one statement and one round trip serve many. The measure
is what was begun lately: the work of the next fraction of a second.
"""

import time

#: A worker claims what it will begin within this time.
_AHEAD_SECONDS = 0.25
#: Never more than this, whatever the rate.
_MOST = 512


class Credit:
    """Counts starts, and says how many jobs may be claimed and not begun."""

    def __init__(self, slots: int, ahead: int) -> None:
        self._least = max(1, slots * ahead)
        self._starts = 0
        self._since = time.monotonic()
        self.window = self._least
        self._wanted_last = 0

    @property
    def bound(self) -> int:
        """Claims beyond this are given back: some slack, so that not every wave costs writes."""
        return self.window if self.window == self._least else 2 * self.window

    def count_start(self) -> None:
        """A job has begun, or its message has turned out to be for nothing."""
        self._starts += 1

    def adjust(self, now: float) -> int:
        """The window for the time to come, from the starts since the last call.

        `now` is a time.monotonic(). It grows at most fourfold, so that one burst of short jobs does
        not make a worker grab what follows. It shrinks when two measures in a row say so: one
        moment in which the machine was busy elsewhere would have hundreds of claims given back.
        """
        seconds = now - self._since
        if seconds < 0.1:
            return self.window
        wanted = int(self._starts / seconds * _AHEAD_SECONDS)
        self._starts, self._since = 0, now
        wanted, self._wanted_last = max(wanted, self._wanted_last), wanted
        self.window = max(self._least, min(wanted, self.window * 4, _MOST))
        return self.window

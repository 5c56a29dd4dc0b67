"""Messages between a prefork parent and its children that are half read when Redis is lost.

The parent reads and writes them with generators that its event loop resumes whenever a pipe is
ready. On the loss of the connection Celery resets the loop, and they are forgotten: what is left of
a result would be taken for a new one, and the parent would wait for that child for ever, with a job
that never ends. The same holds for a call that is half written.

And a child that has just died is known as such, but still in the pool's list: Celery would ask the
new loop to watch a pipe that it has closed, and end the whole worker over it.
"""

from inspect import isgenerator
from typing import Any


class Pipes:
    """Takes what is half done over the reset of an event loop."""

    def __init__(self, hub: Any, pool: Any) -> None:
        self._hub = hub
        self._pool = pool
        self._reading: dict[int, Any] = {}
        self._writing: dict[int, Any] = {}
        self._reset = hub.reset
        hub.reset = self.reset

    def reset(self) -> None:
        """What Celery calls in place of the hub's own."""
        self._reading |= _half_done(self._hub.readers)
        self._writing |= _half_done(self._hub.writers)
        self._reset()
        for process in self._children():
            if process.__dict__.get("_sentinel_poll", 0) is None:
                del process._sentinel_poll  # so that the pool looks at it once more

    def _children(self) -> list[Any]:
        """The processes of a prefork pool; other pools have none."""
        return list(getattr(getattr(self._pool, "_pool", None), "_pool", None) or ())

    def resume(self) -> None:
        """Go on; to be called when the pool has registered its pipes with the loop once more.

        Until then nobody looks after the children, so that a number still means the same pipe.
        """
        for fd, generator in self._reading.items():
            self._hub.add_reader(fd, generator)
        for fd, generator in self._writing.items():
            self._hub.add_writer(fd, generator)
        self._reading, self._writing = {}, {}


def _half_done(callbacks: dict[int, Any]) -> dict[int, Any]:
    registered = {fd: entry[0] for fd, entry in callbacks.items() if entry}
    return {fd: callback for fd, callback in registered.items() if isgenerator(callback)}

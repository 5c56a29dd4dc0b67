"""A worker's connection to Redis: it waits without standing still, and can be dropped."""

import contextlib
import logging
import socket
import time
from collections.abc import Iterator
from typing import Any

from celery.worker.consumer import Consumer
from celery.worker.loops import _timer_entries
from celery.worker.state import maybe_shutdown

from jobs.engine.pool.pipes import Pipes

logger = logging.getLogger(__name__)

#: Between two tries to connect: kombu's own grow to 32 seconds, and that long jobs would wait.
_RETRY_SECONDS = 1.0
#: The main loop comes by, and Redis answers, about once a second.
STILL_SECONDS = 6.0
#: While Redis is away, the loop of the pool runs for this long of every second.
_LOOP_SECONDS = 0.5


class PatientConsumer(Consumer):
    """Lives through the loss of Redis; what runs in the pool does not notice."""

    #: When the main loop last came by, as time.monotonic().
    ticked_at = 0.0
    #: Whether the pool's events are looked at although there is no connection.
    _pool_is_looked_after = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._pipes = Pipes(self.hub, self.pool)

    def register_with_event_loop(self, hub: Any) -> None:
        """Called when the pool has registered its pipes with the loop, at each connect."""
        super().register_with_event_loop(hub)
        self._pipes.resume()

    def on_close(self) -> None:
        """Keep what is in the pool and on the way to it when the connection to Redis is lost.

        Celery drops it, because its broker would deliver it again; here it is claimed, and no
        message would ever come for it.
        """

    def ensure_connected(self, conn: Any) -> Any:
        """Connect, however long Redis is away."""
        conn.ensure_connection(
            self._say_that_redis_is_away,
            None,
            interval_start=_RETRY_SECONDS,
            interval_step=0,
            interval_max=_RETRY_SECONDS,
            callback=self.while_redis_is_away,
        )
        self.first_connection_attempt = False
        if self._pool_is_looked_after:
            self._pool_is_looked_after = False
            self.hub.reset()  # what is half read of the pool is taken over to the new loop
            self._lose_connection()  # one that was made before this one has seen no reset
        return conn

    def _say_that_redis_is_away(self, error: Exception, interval: float) -> None:
        logger.error(
            "Redis does not answer (%s): jobs wait in the database. Trying again in %.1f seconds.",
            error,
            interval,
        )

    def while_redis_is_away(self) -> None:
        """Note what ends in the pool, and let time limits hold."""
        maybe_shutdown()
        self.ticked_at = time.monotonic()
        if self.hub is None:
            return
        if not self._pool_is_looked_after:
            self._pool_is_looked_after = True
            self.controller.register_with_event_loop(self.hub)
            self._pipes.resume()
        known = _timer_entries(self.hub.timer)
        self._run_loop(until=self.ticked_at + _LOOP_SECONDS)
        # What is new are time limits of jobs: they do not end with the next connection.
        self.timer_entries_before_start |= _timer_entries(self.hub.timer) - known

    def _run_loop(self, *, until: float) -> None:
        loop = self.hub.create_loop()
        while time.monotonic() < until:
            try:
                next(loop)
            except StopIteration:
                loop = self.hub.create_loop()
            except Exception as error:  # noqa: BLE001 - an event for Flower that finds no Redis
                logger.debug("Without Redis: %r", error)
                loop = self.hub.create_loop()

    def reconnect(self) -> None:
        """From any thread: drop the connection to Redis, so that a new one is made."""
        if time.monotonic() - self.ticked_at < STILL_SECONDS:
            self.hub.call_soon(self._lose_connection)
            return
        for sock in self._sockets():  # the main loop may be waiting for an answer from one
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def _lose_connection(self) -> None:
        if self.connection is not None:
            raise ConnectionResetError("The connection to Redis was silent, and is dropped.")

    def _sockets(self) -> Iterator[socket.socket]:
        """Those that the channels have open, without opening any."""
        transport = getattr(self.connection, "_transport", None)
        for channel in list(getattr(transport, "channels", None) or ()):
            for name in ("client", "subclient"):
                connection = getattr(channel.__dict__.get(name), "connection", None)
                if (sock := getattr(connection, "_sock", None)) is not None:
                    yield sock

"""Events for Flower: they tell, and must not hold up who tells them."""

import time
from typing import Any

from celery.app.events import Events
from celery.events import EventDispatcher

#: After a failure Redis is left alone for this long; what is to be told meanwhile is kept.
_PAUSE_SECONDS = 10.0


class JobDispatcher(EventDispatcher):
    """Sends from the worker's main loop, which a Redis that hangs must not stop.

    Celery's own tries each event four times and waits each time; its heartbeats alone would keep
    the loop from looking at the pool.
    """

    _silent_until = 0.0

    def _publish(self, event: Any, producer: Any, routing_key: str, **options: Any) -> None:
        if time.monotonic() < self._silent_until:
            self._outbound_buffer.append((event, routing_key))
            return
        kept = len(self._outbound_buffer)
        super()._publish(event, producer, routing_key, **options | {"retry": False})
        if len(self._outbound_buffer) > kept:
            self._silent_until = time.monotonic() + _PAUSE_SECONDS


class JobEvents(Events):
    """The app's events, told by our dispatcher."""

    dispatcher_cls = "jobs.engine.events:JobDispatcher"

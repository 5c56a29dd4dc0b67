"""kombu's Redis transport, with ten real priorities, shares for queues, and a guard for garbage.

Used by `broker_transport` for an ordinary redis:// URL. kombu's Channel is internal: its minor
version is pinned, and tests/acceptance/test_celery_contract.py fails loudly when it changes.
"""

import json
import logging
from collections.abc import Mapping
from typing import Any

from kombu.transport import redis as kombu_redis
from kombu.transport import virtual
from kombu.utils.json import loads
from redis.backoff import NoBackoff
from redis.exceptions import ResponseError
from redis.retry import Retry

from jobs.engine.broker.fair_share import FairShare
from jobs.engine.broker.garbage import tally
from jobs.engine.broker.message import SEPARATOR, bell

logger = logging.getLogger(__name__)

#: Highest first.
_PRIORITIES = tuple(range(9, -1, -1))
#: What could not be read is kept here, newest first, for whoever wants to know. The database has
#: the count (jobs.engine.broker.garbage).
GARBAGE_KEY = "hachi:garbage"
_GARBAGE_KEPT = 1_000
#: Messages in one answer of Redis.
_MOST_AT_ONCE = 200


class QoS(virtual.QoS):
    """Credit that comes back in halves, so that fetches are few and large.

    A worker whose credit is used up would else ask for one message whenever it has begun one.
    """

    #: The rows remember. kombu would write what it cannot put back into a Redis that is away, with
    #: all arguments, to a file under /tmp.
    restore_at_shutdown = False
    _resting = False

    def can_consume(self) -> bool:
        if not self.prefetch_count:
            return True
        free = self.prefetch_count - (len(self._delivered) - len(self._dirty))
        self._resting = free < (max(1, self.prefetch_count // 2) if self._resting else 1)
        return not self._resting

    @property
    def is_full(self) -> bool:
        """Whether the credit may be used up, so that nothing need be asked for."""
        free = self.can_consume_max_estimate()
        return free is not None and free < max(1, (self.prefetch_count or 0) // 2)


class Channel(kombu_redis.Channel):
    """A channel that serves each queue by its weight, and 9 before 0 within it."""

    sep = SEPARATOR
    #: Queues by name; one that is not among them has a weight of 1.
    queue_weights: Mapping[str, float] = {}
    from_transport_options = (*kombu_redis.Channel.from_transport_options, "queue_weights")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.QoS = QoS
        self._queue_cycle = FairShare(self.queue_weights)
        #: When Redis last answered a request for messages, as time.monotonic(). The watch reads it.
        self.answered_at = kombu_redis.monotonic()

    def _connparams(self, asynchronous: bool = False) -> dict[str, Any]:
        """Connect without redis-py's own three retries.

        They sleep in the worker's main loop, which has better things to do while Redis hangs.
        """
        params: dict[str, Any] = super()._connparams(asynchronous=asynchronous)
        return params | {"retry": Retry(NoBackoff(), 0)}

    def maybe_refresh_binding_expiry(self) -> None:
        """Keep the tables of the control queues alive; after a failure not again at once.

        kombu tries it every second, in the main loop, each time for as long as a timeout.
        """
        try:
            super().maybe_refresh_binding_expiry()
        except self.connection_errors:
            self._binding_expiry_refreshed_at = kombu_redis.monotonic()
            raise

    def _q_for_pri(self, queue: str, pri: int) -> str:
        return bell(queue, min(9, max(0, int(pri))))

    def _get_message_priority(self, message: Any, *, reverse: bool = False) -> int:
        priority = super()._get_message_priority(message, reverse=False)
        properties = message.get("properties") or {}
        return 5 if properties.get("priority") is None else int(priority)

    def _brpop_start(self, timeout: float | None = None) -> None:
        queues = self._queue_cycle.consume(len(self.active_queues))
        if not queues:
            return
        keys = [self._q_for_pri(queue, pri) for queue in queues for pri in _PRIORITIES]
        self._in_poll = self.client.connection
        self._brpop_sent_at = kombu_redis.monotonic()
        command = ["BRPOP", *keys, timeout or self.brpop_timeout or 0]
        if self.global_keyprefix:
            command = self.client._prefix_args(command)
        self.client.connection.send_command(*command)

    def _brpop_read(self, **options: Any) -> bool:
        try:
            try:
                answer = self.client.parse_response(self.client.connection, "BRPOP", **options)
            except self.connection_errors:
                self.client.connection.disconnect()
                raise
            self.answered_at = kombu_redis.monotonic()
            if not answer:
                raise kombu_redis.Empty
            key = kombu_redis.bytes_to_str(answer[0])
            queue = key.rsplit(self.sep, 1)[0]
            self._deliver_raw(answer[1], queue)
            self._queue_cycle.served(queue, 1 + self._fetch_more(key, queue))
            return True
        finally:
            self._in_poll = None
            self._flush_brpop_reauth()

    def _fetch_more(self, key: str, queue: str) -> int:
        """Take as many more from the same list as the worker has credit for, in one round trip.

        Returns how many. What is fetched and then lost with the worker is published again: the
        rows know.
        """
        credit = self.qos.can_consume_max_estimate() or 0
        number = self._queue_cycle.at_once(queue, min(credit, _MOST_AT_ONCE))
        if number < 1:
            return 0
        with self.conn_or_acquire() as client:
            try:
                items = client.rpop(key, number)
            except ResponseError:  # before Redis 6.2
                return 0
        for item in items or ():
            self._deliver_raw(item, queue)
        return len(items or ())

    def _deliver_raw(self, item: bytes, queue: str) -> None:
        """Deliver one envelope; put aside what is none, and go on."""
        try:
            payload = _decoded(kombu_redis.bytes_to_str(item))
            payload["properties"]["delivery_tag"]
            payload["headers"].get("task")
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            self._put_aside(item, queue, error)
            return
        try:
            self.connection._deliver(payload, queue)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            # kombu counts KeyError among connection errors: it would reconnect for ever.
            self._put_aside(item, queue, error)
            self.qos.ack(payload["properties"]["delivery_tag"])  # or its credit is gone for good

    def _put_aside(self, item: bytes, queue: str, error: Exception) -> None:
        logger.error(
            "Garbage in queue %s (%r), kept in the Redis list %s: %.200r",
            queue,
            error,
            GARBAGE_KEY,
            item,
        )
        tally.note(queue, repr(error))
        with self.conn_or_acquire() as client, client.pipeline() as pipe:
            pipe.lpush(GARBAGE_KEY, item)
            pipe.ltrim(GARBAGE_KEY, 0, _GARBAGE_KEPT - 1)
            try:
                pipe.execute()
            except ResponseError as refusal:  # full; the log has the item, and the worker goes on
                logger.error("Redis does not keep it: %s", refusal)


def _decoded(text: str) -> Any:
    """kombu's JSON. Its hook for dates and the like is only called where there may be one."""
    return loads(text) if '"__type__"' in text else json.loads(text)


class Transport(kombu_redis.Transport):
    """The transport of `CELERY_BROKER_TRANSPORT`."""

    Channel = Channel

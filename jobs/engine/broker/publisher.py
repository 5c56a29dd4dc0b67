"""Publish: ring the bell in Redis. It may fail; the dispatcher rings again."""

import json
import logging
import time
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from functools import cache

import redis
from django.conf import settings

from jobs.engine.after_commit import after_commit
from jobs.engine.broker.message import bell, envelope, published_at
from jobs.models import Job
from jobs.operations.publish import Bell
from jobs.operations.submit import Ready

logger = logging.getLogger(__name__)

#: Messages for one LPUSH.
_CHUNK = 500
#: After a failure Redis is left alone for this long, so that a view that submits ten jobs while
#: Redis hangs waits once and not ten times.
_PAUSE_SECONDS = 1.0


class Publisher:
    """A process's way to Redis, with short timeouts."""

    def __init__(self, url: str, timeout: float) -> None:
        self._redis = redis.Redis.from_url(
            url,
            socket_timeout=timeout,
            socket_connect_timeout=timeout,
            retry=None,
            health_check_interval=0,
        )
        self._silent_until = 0.0

    def publish(self, jobs: Iterable[Job | Ready]) -> bool:
        """Push the messages of `jobs`. False when Redis could not be reached: nothing is lost."""
        lists: dict[str, list[str]] = defaultdict(list)
        for job in jobs:
            message = envelope(job)
            lists[message.key].append(message.content)
        if not lists:
            return True
        if time.monotonic() < self._silent_until:
            return False
        try:
            self._push(lists)
        except redis.RedisError as error:
            self._silent_until = time.monotonic() + _PAUSE_SECONDS
            logger.warning("Redis does not answer (%s); the dispatcher will publish later.", error)
            return False
        return True

    def _push(self, lists: Mapping[str, list[str]]) -> None:
        if sum(map(len, lists.values())) == 1:
            [(key, [content])] = lists.items()
            self._redis.lpush(key, content)
            return
        with self._redis.pipeline(transaction=False) as pipe:
            for key, contents in lists.items():
                for start in range(0, len(contents), _CHUNK):
                    pipe.lpush(key, *contents[start : start + _CHUNK])
            pipe.execute()

    def answers(self) -> bool:
        """Whether Redis answers at all, within the short timeout."""
        try:
            return bool(self._redis.ping())
        except redis.RedisError:
            return False

    def oldest(self, bells: Collection[Bell]) -> dict[Bell, datetime | None]:
        """When the oldest message of each list was published; None for an empty list.

        A list whose oldest message tells no time (a plain Celery client sent it) is left out:
        nothing can be said about it this turn.

        Raises:
            redis.RedisError: Redis does not answer.
        """
        with self._redis.pipeline(transaction=False) as pipe:
            for queue, priority in bells:
                pipe.lindex(bell(queue, priority), -1)
            tails = pipe.execute()
        moments: dict[Bell, datetime | None] = {}
        for key, tail in zip(bells, tails, strict=True):
            if tail is None:
                moments[key] = None
            elif moment := _moment(tail):
                moments[key] = moment
        return moments


def _moment(tail: bytes) -> datetime | None:
    try:
        return published_at(json.loads(tail))
    except (ValueError, TypeError, AttributeError, OverflowError, OSError):
        return None  # garbage: the transport puts it aside when it gets there


@cache
def publisher() -> Publisher:
    """The publisher of this process. redis-py opens connections anew after a fork."""
    return Publisher(settings.REDIS_URL, settings.REDIS_TIMEOUT)


def publish(jobs: Iterable[Job | Ready]) -> bool:
    """Push the messages of `jobs`, whose rows are committed."""
    return publisher().publish(jobs)


def publish_on_commit(jobs: Collection[Job | Ready]) -> None:
    """Publish `jobs` once the transaction commits; at once if there is none.

    Jobs of one transaction share one round trip.
    """
    after_commit(publish, jobs)

"""How much all workers together ask of one host: so many requests at a time, so far apart.

The counts live in Redis, where every request can look within a tenth of a millisecond, and where
they may be lost: without Redis each chunk minds its own share (ChunkPolicy.per_host).
"""

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import uuid4

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from redis import Redis, RedisError

from jobs.engine.submit.turn_options import rate_of
from jobs.errors import SubmitError
from jobs.models import Lane
from jobs.operations.lane_limits import change_lane
from jobs.operations.lanes import make_lanes

logger = logging.getLogger(__name__)

#: A lane of this name sets what a host allows: its width and its rate. See docs/pipelines.md.
LANE = "host:"
#: Who holds a place so long has died: no download takes more than 30 s (ChunkPolicy.fetch). Until
#: then the places of a worker that was killed are missing, and its heir waits for them.
LEASE_SECONDS = 40.0
#: How long Redis is left alone after it did not answer.
_REST_SECONDS = 5.0
_ASK_AGAIN_MS = 60

_ENTER = """
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[1]) then return tonumber(ARGV[5]) end
local start = tonumber(redis.call('GET', KEYS[2]) or '0')
if start > now then return start - now end
local interval = tonumber(ARGV[2])
if interval > 0 then
  redis.call('SET', KEYS[2], now + interval, 'PX', interval)
end
redis.call('ZADD', KEYS[1], now + tonumber(ARGV[3]), ARGV[4])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return 0
"""

_SHUT = """
local t = redis.call('TIME')
local moment = t[1] * 1000 + math.floor(t[2] / 1000) + tonumber(ARGV[1])
if moment > tonumber(redis.call('GET', KEYS[1]) or '0') then
  redis.call('SET', KEYS[1], moment, 'PX', ARGV[1])
end
"""


@dataclass(frozen=True, slots=True)
class Manners:
    """What one host allows: requests at a time, and seconds between two starts."""

    width: int
    interval_seconds: float = 0.0


class HostGate:
    """The gate of one chunk (jobs.work.pipeline.Gate), which shares its counts with all others."""

    def __init__(
        self, redis: Redis, usual: Manners, of_host: Mapping[str, Manners] | None = None
    ) -> None:
        self._usual = usual
        self._of_host = of_host or {}
        self._redis = redis
        self._script = redis.register_script(_ENTER)
        self._shutting = redis.register_script(_SHUT)
        self._held: dict[str, list[str]] = {}
        self._rests_until = 0.0

    def enter(self, host: str) -> float:
        """0 lets a request to this host begin; else ask again after so many seconds."""
        manners = self._of_host.get(host, self._usual)
        token = uuid4().hex
        wait = self._ask(host, manners, token)
        if wait == 0:
            self._held.setdefault(host, []).append(token)
        return wait

    def shut(self, host: str, seconds: float) -> None:
        """Let nobody in for so long, whichever chunk asks: the server wants it."""
        milliseconds = round(seconds * 1000)
        if milliseconds <= 0 or time.monotonic() < self._rests_until:
            return
        try:
            self._shutting(keys=[f"{_key(host)}:next"], args=[milliseconds])
        except RedisError as error:
            self._rest(error)

    def leave(self, host: str) -> None:
        """A request that was let in has ended."""
        tokens = self._held.get(host)
        if not tokens:
            return  # it was let in while Redis was away
        token = tokens.pop()
        try:
            if time.monotonic() >= self._rests_until:
                self._redis.zrem(_key(host), token)
        except RedisError as error:
            self._rest(error)

    def close(self) -> None:
        """Give all places back, and the connection."""
        for host, tokens in self._held.items():
            for _ in list(tokens):
                self.leave(host)
        self._redis.close()

    def _ask(self, host: str, manners: Manners, token: str) -> float:
        if time.monotonic() < self._rests_until:
            return 0.0
        try:
            wait = self._script(
                keys=[_key(host), f"{_key(host)}:next"],
                args=[
                    manners.width,
                    round(manners.interval_seconds * 1000),
                    round(LEASE_SECONDS * 1000),
                    token,
                    _ASK_AGAIN_MS,
                ],
            )
        except RedisError as error:
            self._rest(error)
            return 0.0
        return float(wait) / 1000

    def _rest(self, error: RedisError) -> None:
        self._rests_until = time.monotonic() + _REST_SECONDS
        logger.warning("Without Redis, hosts are asked by each chunk's own measure: %s", error)


def host_gate(of_host: Mapping[str, Manners] | None = None) -> HostGate:
    """A gate by the settings. For worker children: the connection is its own."""
    timeout = settings.REDIS_TIMEOUT
    redis = Redis.from_url(
        settings.REDIS_URL, socket_timeout=timeout, socket_connect_timeout=timeout
    )
    usual = Manners(settings.HACHI_PIPELINE_HOST_CONCURRENCY, settings.HACHI_PIPELINE_HOST_INTERVAL)
    return HostGate(redis, usual, of_host)


def manners_by_host() -> dict[str, Manners]:
    """What lanes called `host:...` say, as it stands now; hosts without one are usual.

    All of them, as nobody knows where redirects lead; they were made by hand, so they are few.
    """
    lanes = Lane.objects.filter(key__startswith=LANE)
    return {lane.key.removeprefix(LANE): _manners(lane) for lane in lanes}


@transaction.atomic
def set_manners(host: str, *, width: int, rate: str | None = None) -> None:
    """What chunks that begin from now on ask of a host: places, and starts such as "30/m".

    Raises:
        SubmitError: the width or the rate makes no sense.
    """
    if width < 1 or not 0 < len(host) <= 190:
        raise SubmitError("A host has a name, and at least one place.")
    now, key = timezone.now(), f"{LANE}{host.lower()}"
    make_lanes([Lane(key=key, width=width, created_at=now, used_at=now)])
    change_lane(key, width=width, rate=rate_of(rate), now=now)


def _manners(lane: Lane) -> Manners:
    if lane.rate_count is None or lane.rate_seconds is None:
        return Manners(lane.width)
    return Manners(lane.width, lane.rate_seconds / lane.rate_count)


def _key(host: str) -> str:
    return f"hachi:host:{host}"

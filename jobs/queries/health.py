"""Is everything up that jobs need? Answers within about a second, whatever hangs."""

import logging
from collections.abc import Callable
from concurrent.futures import Future, wait
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache, partial
from threading import Lock, Thread
from typing import Any

from django.conf import settings
from django.db import Error, connection
from redis import Redis, RedisError
from redis.backoff import NoBackoff
from redis.retry import Retry

from jobs.models import Garbage, Node

logger = logging.getLogger(__name__)

OK = "ok"
#: How long an answer may take, whatever hangs.
PATIENCE_SECONDS = 0.9
#: Beat sleeps between its ticks, so its heartbeats are further apart.
BEAT_SECONDS = 30.0

NO_DATABASE = "The database does not answer. Start it, or correct DATABASE_URL."
NO_REDIS = "Redis does not answer. Start it, or correct REDIS_URL; jobs are accepted and wait."
NO_WORKER = "No worker is alive. Start one: celery -A config worker."
DEAF_WORKER = (
    "No worker takes jobs, though one is alive. It reconnects and starts anew by itself; its log "
    "says why."
)
NO_BEAT = "Beat is not alive, so no schedule runs. Start it: celery -A config beat."
OFF_CLOCK = (
    "The clock of a worker's host is not the database's. Beyond LEASE_SECONDS jobs run twice: keep "
    "clocks in step (NTP). Which one: manage.py jobs workers."
)
GARBAGE = (
    "Something that is no message came through a queue within a day, and no job was made of it. "
    "Which one: manage.py jobs garbage."
)
#: Garbage is told for this long.
GARBAGE_TOLD = timedelta(days=1)
NOT_KNOWN = "Not known while the database does not answer."

#: Among the kinds of process: a worker that is alive and takes no jobs.
_DEAF = "deaf"

_running: dict[str, Future[Any]] = {}
_lock = Lock()


@dataclass(frozen=True, slots=True)
class Health:
    """What a look has found."""

    #: Each thing that jobs need, with "ok" or a sentence that says what to do.
    checks: dict[str, str]
    #: What wants a person though jobs run. Without names: whoever watches a site has no token.
    warnings: list[str]


def health(now: datetime) -> Health:
    """Look at everything."""
    database = _started("database", partial(_seen, now))
    redis = _started("redis", _redis_answers)
    _, late = wait([database, redis], timeout=PATIENCE_SECONDS)
    seen = None if database in late else database.result()
    checks = {
        "database": NO_DATABASE if seen is None else OK,
        "redis": OK if redis not in late and redis.result() else NO_REDIS,
        "worker": _alive(
            seen, Node.Kind.WORKER, DEAF_WORKER if seen and _DEAF in seen else NO_WORKER
        ),
        "beat": _alive(seen, Node.Kind.BEAT, NO_BEAT),
    }
    return Health(checks, sorted({OFF_CLOCK, GARBAGE} & (seen or set())))


def worker_queues() -> set[str]:
    """The queues that the workers of now listen to."""
    listed = Node.objects.workers().values_list("queues", flat=True)
    return {name.strip() for queues in listed for name in queues.split(",") if name.strip()}


def _started(name: str, check: Callable[[], Any]) -> Future[Any]:
    """Run a check in a thread; requests at the same time share it.

    A thread, because neither DNS nor a database behind a dead network keeps to a timeout; one at a
    time, so that what hangs takes no more than that; a daemon, so that the process can end.
    """
    with _lock:
        running = _running.get(name)
        if running is not None and not running.done():
            return running
        begun = _running[name] = Future()
    Thread(target=_settle, args=(begun, check), name=f"health-{name}", daemon=True).start()
    return begun


def _settle(begun: Future[Any], check: Callable[[], Any]) -> None:
    try:
        begun.set_result(check())
    except BaseException as error:  # noqa: BLE001 - it belongs to the one who waits
        begun.set_exception(error)


def _alive(seen: set[str] | None, kind: Node.Kind, otherwise: str) -> str:
    if seen is None:
        return NOT_KNOWN
    return OK if kind in seen else otherwise


def _seen(now: datetime) -> set[str] | None:
    """The kinds of process heard of lately, and the warnings; None without a database."""
    try:
        workers = Node.objects.workers().seen_since(
            now - timedelta(seconds=settings.HACHI_LEASE_SECONDS)
        )
        beats = Node.objects.beats().seen_since(now - timedelta(seconds=BEAT_SECONDS))
        rows = (workers | beats).values_list("kind", "deaf_since")
        return {_DEAF if deaf else kind for kind, deaf in rows} | _warnings(now)
    except Error as error:
        logger.warning("The health check finds no database: %s", error)
        return None
    finally:
        # A new connection each time: an old one says nothing about whether new ones are taken.
        connection.close()


def _warnings(now: datetime) -> set[str]:
    # A clock that is far off may be why its worker has not been heard of.
    found = {
        OFF_CLOCK: Node.objects.exclude(clock_ahead=None),
        GARBAGE: Garbage.objects.filter(last_at__gt=now - GARBAGE_TOLD),
    }
    return {warning for warning, rows in found.items() if rows.exists()}


def _redis_answers() -> bool:
    try:
        return bool(_redis(settings.REDIS_URL, settings.REDIS_TIMEOUT).ping())
    except (RedisError, ValueError, OSError) as error:  # ValueError: a URL that is none
        logger.warning("The health check finds no Redis: %s", error)
        return False


@lru_cache(maxsize=1)
def _redis(url: str, seconds: float) -> Redis:
    return Redis.from_url(
        url,
        socket_timeout=seconds,
        socket_connect_timeout=seconds,
        retry=Retry(NoBackoff(), 0),
    )

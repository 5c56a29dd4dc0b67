"""What must hold before `make run` starts anything; each failure says what to do."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from config import env
from scripts import ports, redis_server


@contextmanager
def alone(var: Path) -> Iterator[None]:
    """One runner for each var/: two would take each other's Redis. The kernel frees the lock."""
    with (var / "run.lock").open("w", encoding="utf-8") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise SystemExit(
                f"Hachi is running from {var} already. Stop it, or choose another VAR_DIR."
            ) from error
        yield


def require_ports(counts: dict[str, int]) -> None:
    """The ports of what is going to run are free."""
    address = env.text("BIND_ADDRESS", ports.LOOPBACK)
    if counts["web"]:
        ports.require_free(env.integer("PORT", 8000, least=1), "PORT", address)
    if counts["flower"]:
        ports.require_free(env.integer("FLOWER_PORT", 5555, least=1), "FLOWER_PORT", address)


def require_redis(url: str) -> None:
    """The Redis that somebody else runs answers."""
    if why := redis_server.problem(url):
        raise SystemExit(
            f"REDIS_URL is set, but that Redis does not answer ({why}). "
            "Start it, or unset REDIS_URL to use the embedded one."
        )

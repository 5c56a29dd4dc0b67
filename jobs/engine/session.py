"""A worker's own sessions with the database: how they are opened, and what their errors mean."""

from typing import Any

from django.conf import settings
from django.db import InterfaceError, InternalError, OperationalError, connection

from jobs.errors import DatabaseUnavailable

#: PostgreSQL's codes. A read-only server is one that is about to be replaced; a transaction that
#: has failed or was ended from outside is no fault of a row's.
_AWAY_CLASSES = ("08", "25", "57")
_LOCKED = "55P03"
#: A deadlock, and a failed serialization.
_COLLIDED = ("40P01", "40001")


def sqlstate(error: BaseException) -> str:
    """PostgreSQL's code of an error of Django's; empty on SQLite."""
    return str(getattr(error.__cause__, "sqlstate", None) or "")


def is_away(error: BaseException) -> bool:
    """Whether the database is away or cannot write just now, so that the same may work later."""
    if isinstance(error, InternalError):
        return sqlstate(error)[:2] in _AWAY_CLASSES
    return isinstance(error, OperationalError | InterfaceError | DatabaseUnavailable)


def is_locked(error: BaseException) -> bool:
    """Whether somebody else held a row for longer than this session waits."""
    return sqlstate(error) == _LOCKED


def has_collided(error: BaseException) -> bool:
    """Whether the transaction met another one and may be begun anew at once."""
    return sqlstate(error) in _COLLIDED


def longest_idle() -> str:
    """How long a session may hold its locks without a word: once its worker counts as dead."""
    return f"{int(settings.HACHI_LEASE_SECONDS * 1000)}ms"


def longest_wait() -> str:
    """How long a turn waits for a row: all its parts together must not look like a death."""
    return f"{int(settings.HACHI_LEASE_SECONDS * 1000 / 15)}ms"


class Session:
    """The connection of one of a worker's threads, with settings of its own on PostgreSQL."""

    def __init__(self, **settings: str) -> None:
        self._settings = settings
        #: Kept so that a forked child does not close the parent's connection when it is collected.
        self._pinned: Any = None

    def ensure(self) -> None:
        """Connect, and make the settings, unless that is done."""
        if connection.connection is not None and connection.connection is self._pinned:
            return
        connection.ensure_connection()
        self._pinned = connection.connection
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                for name, value in self._settings.items():
                    cursor.execute("SELECT set_config(%s, %s, FALSE)", [name, value])

    def forget(self) -> None:
        """Close it; `ensure` opens another."""
        self._pinned = None
        connection.close()

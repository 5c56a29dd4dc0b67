"""The scratch installation: a folder, a database and a Redis that are nobody else's."""

import os
import secrets
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql

from scripts import postgres_server

#: So many workers die here that an innocent job may be hit again and again.
_MAX_CRASHES = "100"


class DrillError(Exception):
    """The drill cannot begin; the message says why and what to do."""


def environment(folder: Path, database_url: str, *, rescue: bool) -> dict[str, str]:
    """The environment of the conductor: it names nothing of the real installation."""
    inherited = dict(os.environ)  # noqa: TID251 - handed on, not read
    inherited |= {
        "VAR_DIR": str(folder / "var"),
        "MEDIA_ROOT": str(folder / "media"),
        "STATIC_ROOT": str(folder / "static"),
        "UPLOAD_TEMP_DIR": str(folder / "tmp"),
        "DATABASE_URL": database_url,
        "REDIS_URL": "redis://127.0.0.1:1/0",  # the conductor itself needs none
        "RESCUE": "true" if rescue else "false",
        "MAX_CRASHES": _MAX_CRASHES,
        "EMAIL_HOST": "",
        "LOG_LEVEL": "INFO",
        "PYTHONUNBUFFERED": "1",
        "CELERY_SKIP_CHECKS": "1",
    }
    # A file would win over what stands here, also one that .env names.
    return inherited | {f"{name}_FILE": "" for name in ("DATABASE_URL", "REDIS_URL", "VAR_DIR")}


def everybodys(redis_url: str) -> dict[str, str]:
    """The environment of those whom the conductor starts: its own, with the drill's Redis."""
    return dict(os.environ) | {"REDIS_URL": redis_url}  # noqa: TID251 - handed on, not read


@contextmanager
def scratch_folder(*, keep: bool) -> Iterator[Path]:
    """A folder for logs and files, which goes when the block ends unless it is to be kept."""
    if keep:
        yield Path(tempfile.mkdtemp(prefix="hachi-drill-"))
        return
    with tempfile.TemporaryDirectory(prefix="hachi-drill-", ignore_cleanup_errors=True) as name:
        yield Path(name)


@contextmanager
def scratch_database(folder: Path, *, server: str | None) -> Iterator[str]:
    """A new, empty database; yields its URL.

    `server` is the URL of any database of a PostgreSQL server: the scratch one is made beside it,
    and dropped afterwards. "own" starts a server for the drill alone. None is a SQLite file.

    Raises:
        DrillError: the server does not answer, or lets this user make no database.
    """
    if server is None:
        yield f"sqlite:///{folder / 'drill.sqlite3'}"
    elif server == "own":
        with postgres_server.running() as url, _beside(url) as scratch:
            yield scratch
    else:
        with _beside(server) as scratch:
            yield scratch


@contextmanager
def _beside(url: str) -> Iterator[str]:
    name = f"hachi_drill_{secrets.token_hex(6)}"
    _execute(url, sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    try:
        yield urlunsplit(urlsplit(url)._replace(path=f"/{name}"))
    finally:
        _execute(url, sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def _execute(url: str, statement: sql.Composed) -> None:
    try:
        with psycopg.connect(url, autocommit=True, connect_timeout=5) as connection:
            connection.execute(statement)
    except psycopg.Error as error:
        reason = str(error).splitlines()[0]
        raise DrillError(
            f"The drill needs a scratch database beside yours: {reason}. Name a user that may "
            "create one (--database-url), or use --postgres or --sqlite."
        ) from error


def is_postgres(settings: Mapping[str, object]) -> bool:
    """Whether these settings of a Django database are those of PostgreSQL."""
    return str(settings.get("ENGINE", "")).endswith("postgresql")

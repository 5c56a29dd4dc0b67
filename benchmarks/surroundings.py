"""Servers and processes for a measurement, all its own, all ended with it."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from scripts import ports, postgres_server, redis_server
from scripts.lifeline import tied

ROOT = Path(__file__).resolve().parent.parent


@contextmanager
def surroundings(database: str | None) -> Iterator[dict[str, str]]:
    """The environment of a run: Redis, and `database`.

    That is "sqlite" or "postgres", with this project's tables, "postgres-empty", or None.
    """
    with tempfile.TemporaryDirectory(prefix="hachi-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        environment = dict(os.environ) | {  # noqa: TID251 - handed on
            "VAR_DIR": str(folder / "var"),
            "LOG_LEVEL": "WARNING",
            "CELERY_SKIP_CHECKS": "1",
        }
        with redis_server.running(folder / "redis", ports.spare()) as redis_url:
            environment["REDIS_URL"] = redis_url
            if database in ("postgres", "postgres-empty"):
                with postgres_server.running() as url:
                    environment["DATABASE_URL"] = url
                    if database == "postgres":
                        migrate(environment)
                    yield environment
                return
            environment["DATABASE_URL"] = f"sqlite:///{folder / 'bench.sqlite3'}"
            if database:
                migrate(environment)
            yield environment


def migrate(environment: dict[str, str]) -> None:
    """Make the tables."""
    run(["manage.py", "migrate", "-v", "0"], environment)


def run(arguments: Sequence[str], environment: dict[str, str]) -> str:
    """Run Python to its end and return what it printed."""
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout


@contextmanager
def worker(
    app: str, arguments: Sequence[str], environment: dict[str, str], log: Path
) -> Iterator[int]:
    """A worker for the length of a with block; its process id."""
    command = [sys.executable, "-m", "celery", "-A", app, "worker", "-l", "WARNING", *arguments]
    with log.open("wb") as file:
        process = subprocess.Popen(
            tied(command), cwd=ROOT, env=environment, stdout=file, stderr=subprocess.STDOUT
        )
        try:
            yield process.pid
        finally:
            process.terminate()
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def wait_for(path: Path, seconds: float) -> float:
    """The time that the task `mark` has noted in `path`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if path.exists() and (text := path.read_text()):
            return float(text)
        time.sleep(0.05)
    raise TimeoutError(f"{path} was not written within {seconds:g} s")

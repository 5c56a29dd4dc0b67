"""`make run` for real: it starts everything, says where, and leaves nothing behind."""

import http.client
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from django.conf import settings

from scripts import ports

ROOT = Path(__file__).parents[2]
#: A whole start on a busy machine of two cores; a warm one takes a tenth of it.
START_SECONDS = 90
STOP_SECONDS = 60


class Run:
    """A running `scripts.run` and what it has printed so far."""

    def __init__(self, process: subprocess.Popen, port: int, flower_port: int) -> None:
        self.process, self.port, self.flower_port = process, port, flower_port
        self.lines: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        with self.process.stdout as output:
            for line in output:
                self.lines.append(line)

    @property
    def output(self) -> str:
        return "".join(self.lines)

    def wait_for(self, text: str) -> None:
        wait_until(
            lambda: text in self.output or self.process.poll() is not None,
            START_SECONDS,
            lambda: f"{text!r} was not printed:\n{self.output}",
        )
        assert text in self.output, self.output

    def interrupt(self) -> int:
        self.process.send_signal(signal.SIGINT)
        return self.wait()

    def wait(self) -> int:
        code = self.process.wait(STOP_SECONDS)
        self._reader.join()
        return code


def wait_until(condition, seconds: float, otherwise) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, otherwise()
        time.sleep(0.05)


def status(port: int, path: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    finally:
        connection.close()


def processes_of(var: Path) -> list[str]:
    """The command lines of all processes that were started with this VAR_DIR."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            variables = (folder / "environ").read_bytes().split(b"\0")
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
        except OSError:
            continue
        if f"VAR_DIR={var}".encode() in variables and command:
            found.append(command)
    return found


def empty_database(var: Path) -> str:
    """A DATABASE_URL for a first run: "" is SQLite in `var`, else a new database on the server."""
    server, _, name = settings.DATABASE_URL.rpartition("/")
    if not server.startswith("postgres"):
        return ""
    name = f"run_{abs(hash(var))}"
    with psycopg.connect(settings.DATABASE_URL, autocommit=True) as connection:
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).rowcount:
            connection.execute(f"CREATE DATABASE {name}")
    return f"{server}/{name}"


def environment(var: Path, port: int, flower_port: int, **more: str) -> dict[str, str]:
    """Ours, with the embedded Redis and a database of its own: the suite's are somebody else's."""
    inherited = dict(os.environ)  # noqa: TID251 - handed on, not read
    kept = {name: value for name, value in inherited.items() if name != "ADMIN_PASSWORD"}
    own = {"VAR_DIR": str(var), "PORT": str(port), "FLOWER_PORT": str(flower_port)}
    return kept | own | {"REDIS_URL": "", "DATABASE_URL": empty_database(var)} | more


@contextmanager
def started(var: Path, **more: str) -> Iterator[Run]:
    port, flower_port = ports.spare(), ports.spare()
    process = subprocess.Popen(
        [sys.executable, "-m", "scripts.run"],
        cwd=ROOT,
        env=environment(var, port, flower_port, **more),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    run = Run(process, port, flower_port)
    try:
        yield run
    finally:
        if process.poll() is None:
            run.interrupt()


def test_it_starts_everything_and_stops_it_without_a_trace(tmp_path):
    with started(tmp_path) as run:
        run.wait_for("Hachi is running.")
        run.wait_for("Ctrl-C stops everything.")

        assert f"http://127.0.0.1:{run.port}/" in run.output
        assert f"http://127.0.0.1:{run.flower_port}/" in run.output
        assert re.search(r"sign in as 'admin', password: \S{12,}\.", run.output)
        assert status(run.port, "/healthz") == 200
        assert status(run.flower_port, "/") == 401
        assert (tmp_path / "flower-password").stat().st_mode & 0o777 == 0o600

        assert run.interrupt() == 0, run.output
    assert processes_of(tmp_path) == []
    assert not (tmp_path / "redis-url").exists()

    with started(tmp_path) as again:
        again.wait_for("Ctrl-C stops everything.")
        assert "sign in as" not in again.output
        assert again.interrupt() == 0


def test_a_worker_that_is_killed_comes_back(tmp_path):
    with started(tmp_path, ADMIN_PASSWORD="chosen by a person") as run:
        run.wait_for("Ctrl-C stops everything.")
        assert "chosen by a person" not in run.output
        worker = re.search(r"worker\.1 started \(process (\d+)\)", run.output)

        os.kill(int(worker[1]), signal.SIGKILL)

        run.wait_for("worker.1 ended (exit code -9) and is started again")
        assert run.interrupt() == 0
    assert processes_of(tmp_path) == []


def test_nothing_survives_when_the_runner_itself_is_killed(tmp_path):
    with started(tmp_path) as run:
        run.wait_for("Ctrl-C stops everything.")

        run.process.kill()
        run.wait()

        wait_until(
            lambda: not processes_of(tmp_path), STOP_SECONDS, lambda: str(processes_of(tmp_path))
        )


@pytest.mark.parametrize("variable", ["PORT", "FLOWER_PORT"])
def test_a_taken_port_is_named_with_what_to_do(tmp_path, variable):
    with ports.socket.create_server(("127.0.0.1", 0)) as taken:
        number = taken.getsockname()[1]
        numbers = {"PORT": ports.spare(), "FLOWER_PORT": ports.spare(), variable: number}
        ended = subprocess.run(
            [sys.executable, "-m", "scripts.run"],
            cwd=ROOT,
            env=environment(tmp_path, numbers["PORT"], numbers["FLOWER_PORT"]),
            capture_output=True,
            text=True,
            timeout=START_SECONDS,
            check=False,
        )

    assert ended.returncode == 1
    assert f"Port {number} is taken" in ended.stderr
    assert f"{variable}=" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_redis_that_does_not_answer_is_named(tmp_path):
    address = f"redis://127.0.0.1:{ports.spare()}/0"
    ended = subprocess.run(
        [sys.executable, "-m", "scripts.run"],
        cwd=ROOT,
        env=environment(tmp_path, ports.spare(), ports.spare(), REDIS_URL=address),
        capture_output=True,
        text=True,
        timeout=START_SECONDS,
        check=False,
    )

    assert ended.returncode == 1
    assert "REDIS_URL" in ended.stderr
    assert "Traceback" not in ended.stderr

"""Processes to be cruel to: tests and the drill start, kill and freeze them."""

import contextlib
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import redis

from config import env
from scripts import ports, redis_server
from scripts.lifeline import tied


class Running:
    """A process in a group of its own, with its log."""

    def __init__(
        self, name: str, command: Sequence[str], environment: Mapping[str, str], folder: Path
    ) -> None:
        self.name = name
        self.log = folder / f"{name}.log"
        with self.log.open("ab") as file:
            self.process = subprocess.Popen(
                tied([*command]),
                cwd=env.ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        return self.process.pid

    def runs(self) -> bool:
        """Whether the process itself lives; its children may outlive it."""
        return self.process.poll() is None

    def signal(self, number: int) -> None:
        """Send a signal to the process itself."""
        self.process.send_signal(number)

    def kill(self) -> None:
        """kill -9 of the whole tree."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def freeze(self) -> None:
        """SIGSTOP for the whole tree."""
        os.killpg(self.process.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """The end of `freeze`."""
        os.killpg(self.process.pid, signal.SIGCONT)

    def stop(self, seconds: float = 40) -> int:
        """TERM, as a deploy does; returns the exit code.

        Raises:
            subprocess.TimeoutExpired: it did not end in time.
        """
        self.signal(signal.SIGTERM)
        return self.process.wait(seconds)

    def text(self) -> str:
        """What it has said."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    def tree(self) -> dict[int, int]:
        """The living processes of its group, each with its parent; none without a /proc."""
        found = {}
        for folder in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError, ValueError):
                stat = (folder / "stat").read_text(encoding="utf-8", errors="replace")
                _state, parent, group = stat.rpartition(")")[2].split()[:3]
                if int(group) == self.pid and _state != "Z":
                    found[int(folder.name)] = int(parent)
        return found


class RedisServer:
    """A Redis that can be killed, frozen and started again, empty, at the same address."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = ports.spare()
        self.url = f"redis://{ports.LOOPBACK}:{self.port}/0"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def is_up(self) -> bool:
        return self._process is not None

    def start(self) -> None:
        """Start it; returns once it answers."""
        self._process = redis_server.start(self.folder, self.port)

    def kill(self) -> None:
        """End it at once; what it held is gone."""
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)
            self._process.kill()
            self._process.wait()
            self._process = None

    def freeze(self) -> None:
        """Stop answering, with all connections open."""
        if self._process is not None:
            self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """The end of `freeze`."""
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)

    def client(self) -> redis.Redis:
        """A client of it."""
        return redis.Redis.from_url(self.url)

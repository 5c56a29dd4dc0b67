"""One process that the keeper keeps: its command, its group, and how it ends."""

import os
import signal
import subprocess
import time
from dataclasses import dataclass

from scripts.lifeline import tied


@dataclass
class Kept:
    """One process and what is known of it."""

    name: str
    command: str
    environment: dict[str, str]
    colour: str
    process: "subprocess.Popen[bytes] | None" = None
    started: float = 0.0
    quick_ends: int = 0
    rest: bytes = b""  # of its output: a line that has not ended yet

    def start(self) -> "subprocess.Popen[bytes]":
        """Start it in a group of its own, so that Ctrl-C reaches the keeper only."""
        self.started = time.monotonic()
        self.process = subprocess.Popen(
            tied(["/bin/sh", "-c", self.command]),
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        return self.process

    def lines(self, output: bytes) -> list[bytes]:
        """The lines that are complete with `output`; none is kept back when it is empty (end)."""
        *complete, self.rest = (self.rest + output).split(b"\n")
        if not output and self.rest:
            complete, self.rest = [self.rest], b""
        return complete

    def runs(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def ask_to_end(self) -> None:
        """TERM to the main process only: it knows how to end its children."""
        if self.process and self.runs():
            self.process.terminate()

    def sweep(self) -> None:
        """KILL whatever is left of the group, the main process or children it left behind."""
        if self.process:
            try:
                os.killpg(self.process.pid, signal.SIGKILL)
            except ProcessLookupError:
                return
            self.process.wait()

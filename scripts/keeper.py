"""Keeps the processes of the Procfile: restarts what crashes, stops everything for sure.

honcho reads the Procfile, counts and prints. Its Manager is left aside: it ends all processes when
one ends, sends TERM to whole groups (which kills prefork children in the middle of a job) and
waits five seconds only. Here TERM goes to the main process, and KILL to the group at the deadline.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path
from threading import Lock, Thread

from honcho.colour import get_colours
from honcho.environ import ProcessParams
from honcho.printer import Message, Printer

from scripts.kept import Kept

#: A process that ends sooner than this after its start is broken rather than unlucky ...
QUICK_SECONDS = 5.0
#: ... and so many such ends in a row stop everything.
QUICK_ENDS = 3
TURN_SECONDS = 0.1


class Keeper:
    """The processes that were started, in the order in which they were."""

    def __init__(self, *, patience: float) -> None:
        self.patience = patience  # seconds between TERM and KILL
        self.stopping = False
        self.hurry = False
        self._asked = 0.0
        self.failed = ""
        self._kept: list[Kept] = []
        self._colours = get_colours()
        self._printer = Printer(sys.stdout, width=len("worker.1"))
        self._one_line_at_a_time = Lock()

    def listen_to_signals(self) -> None:
        """From now on Ctrl-C and TERM mean: stop. A second Ctrl-C: stop at once."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._on_signal)

    def _on_signal(self, number: int, frame: object) -> None:
        # One wish to stop may arrive twice, from the terminal and from make.
        if self.stopping and number == signal.SIGINT and time.monotonic() > self._asked + 1:
            self.hurry = True
        elif not self.stopping:
            self.stopping, self._asked = True, time.monotonic()

    def start(self, processes: Iterable[ProcessParams]) -> None:
        """Start `processes` after those that run already; the stop goes the other way round."""
        inherited = dict(os.environ)  # noqa: TID251 - handed on, not read
        inherited["PATH"] = f"{Path(sys.executable).parent}:{inherited.get('PATH', '')}"
        inherited["PYTHONUNBUFFERED"] = "1"
        for one in processes:
            kept = Kept(one.name, one.cmd, inherited | one.env, next(self._colours))
            self._printer.width = max(self._printer.width, len(one.name))
            self._kept.append(kept)
            self._launch(kept)

    def _launch(self, kept: Kept) -> None:
        process = kept.start()
        self.say(f"{kept.name} started (process {process.pid})")
        Thread(target=self._relay, args=(kept, process), daemon=True).start()

    def _relay(self, kept: Kept, process: "subprocess.Popen[bytes]") -> None:
        for line in process.stdout or ():
            self._print(line, kept.name, kept.colour)

    def say(self, sentence: str) -> None:
        """Print a line of our own among those of the processes."""
        self._print(sentence, "hachi", None)

    def _print(self, data: str | bytes, name: str, colour: str | None) -> None:
        now = datetime.now().astimezone()
        line = Message(type="line", data=data, time=now, name=name, colour=colour)
        with self._one_line_at_a_time:
            self._printer.write(line)

    def wait_for(self, problem: Callable[[], str], *, seconds: float) -> str:
        """Keep everything up until `problem` says nothing; its last word if that takes too long."""
        deadline = time.monotonic() + seconds
        while (why := problem()) and not self.stopping:
            for _ in range(3):  # what is asked logs each answer: not too often
                self._turn()
            if time.monotonic() > deadline:
                return why
        return ""

    def watch(self) -> None:
        """Keep everything up until somebody asks to stop."""
        while not self.stopping:
            self._turn()

    def _turn(self) -> None:
        for kept in self._kept:
            if not kept.runs() and not self.stopping:
                self._restart(kept)
        time.sleep(TURN_SECONDS)

    def _restart(self, kept: Kept) -> None:
        code = kept.process.returncode if kept.process else None
        quick = time.monotonic() - kept.started < QUICK_SECONDS
        kept.quick_ends = kept.quick_ends + 1 if quick else 0
        kept.sweep()
        if kept.quick_ends >= QUICK_ENDS:
            self.failed = f"{kept.name} ends again and again (exit code {code}); its lines say why."
            self.stopping = True
            return
        self.say(f"{kept.name} ended (exit code {code}) and is started again")
        self._launch(kept)

    def stop(self, *, last: frozenset[str] = frozenset()) -> None:
        """End everything and leave nothing behind; those named in `last` end after the others."""
        self.stopping = True
        for stage in (
            [kept for kept in self._kept if kept.name not in last],
            [kept for kept in self._kept if kept.name in last],
        ):
            self._end(stage)

    def _end(self, stage: list[Kept]) -> None:
        deadline = time.monotonic() + self.patience
        for kept in stage:
            kept.ask_to_end()
        while any(kept.runs() for kept in stage) and time.monotonic() < deadline and not self.hurry:
            time.sleep(TURN_SECONDS)
        for kept in stage:
            if kept.runs():
                self.say(f"{kept.name} did not end in time and is killed")
            kept.sweep()

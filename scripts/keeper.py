"""Keeps the processes of the Procfile: restarts what crashes, stops everything for sure.

honcho reads the Procfile, counts and prints. Its Manager is left aside: it ends all processes when
one ends, sends TERM to whole groups (which kills prefork children in the middle of a job) and
waits five seconds only. Here TERM goes to the main process, and KILL to the group at the deadline.

One thread does it all: as each thread of a killed runner dies, the kernel tells its children to
stop (scripts/lifeline.py), and some of them do not bear to be told twice.
"""

import os
import selectors
import signal
import sys
import time
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path

from honcho.colour import get_colours
from honcho.environ import ProcessParams
from honcho.printer import Message, Printer

from scripts.kept import Kept

#: A process that ends sooner than this after its start is broken rather than unlucky ...
QUICK_SECONDS = 5.0
#: ... and so many such ends in a row stop everything.
QUICK_ENDS = 3
TURN_SECONDS = 0.2


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
        self._outputs = selectors.DefaultSelector()

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
        if process.stdout:
            self._outputs.register(process.stdout, selectors.EVENT_READ, kept)

    def _relay(self, seconds: float) -> None:
        """Print what the processes say within `seconds`."""
        for key, _ in self._outputs.select(seconds):
            output = os.read(key.fd, 65_536)
            for line in key.data.lines(output):
                self._print(line, key.data.name, key.data.colour)
            if not output:
                self._outputs.unregister(key.fileobj)

    def say(self, sentence: str) -> None:
        """Print a line of our own among those of the processes."""
        self._print(sentence, "hachi", None)

    def _print(self, data: str | bytes, name: str, colour: str | None) -> None:
        now = datetime.now().astimezone()
        try:
            self._printer.write(Message(type="line", data=data, time=now, name=name, colour=colour))
        except OSError:  # nobody reads it any more: the terminal is gone
            self.stopping = True

    def wait_for(self, problem: Callable[[], str], *, seconds: float) -> str:
        """Keep everything up until `problem` says nothing; its last word if that takes too long."""
        deadline = time.monotonic() + seconds
        while (why := problem()) and not self.stopping:
            self._turn()
            if time.monotonic() > deadline:
                return why
        return ""

    def watch(self) -> None:
        """Keep everything up until somebody asks to stop."""
        while not self.stopping:
            self._turn()

    def _turn(self) -> None:
        until = time.monotonic() + TURN_SECONDS
        while (left := until - time.monotonic()) > 0:
            self._relay(left)
        for kept in self._kept:
            if not kept.runs() and not self.stopping:
                self._restart(kept)

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
        self._turn()  # their last words

    def _end(self, stage: list[Kept]) -> None:
        deadline = time.monotonic() + self.patience
        for kept in stage:
            kept.ask_to_end()
        while any(kept.runs() for kept in stage) and time.monotonic() < deadline and not self.hurry:
            self._turn()
        for kept in stage:
            if kept.runs():
                self.say(f"{kept.name} did not end in time and is killed")
            kept.sweep()

"""What an attempt logs reaches the database within about a second, whatever becomes of the task.

A task that has logged and then hangs, or is killed, says nothing more that its lines could go
along with. So a thread writes them, one in each process that runs jobs, and only where a job logs:
the lines of one that is over within the second go to the parent with its result instead. The
thread has a connection of its own, so that a transaction of the task neither keeps the lines nor
takes them along when it is rolled back. (On SQLite they wait for the end of such a transaction: it
has the only write lock.)
"""

import logging
import os
import threading
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import DatabaseError, InterfaceError, connection

from jobs.engine.forking import fork_lock
from jobs.operations.logs import Line, write_lines

logger = logging.getLogger(__name__)

#: Lines kept of one attempt; a task that logs in a loop must not fill the database.
_MOST_LINES = 2_000
#: How often the thread looks, and how old lines are when it writes them.
_LOOK_SECONDS = 0.5
_RIPE_SECONDS = 0.4
#: A locked row or database is no reason to wait here: the lines are tried again.
_MOST_WAIT_MS = 500


@dataclass(eq=False)
class JobLog:
    """The lines of one attempt that are not written yet. From any thread."""

    job: str
    attempt: int
    worker: str
    #: When the attempt began.
    started_at: datetime
    _pending: list[Line] = field(default_factory=list)
    _pending_since: float = 0.0
    _kept: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)
    #: Held while lines are on their way, so that the last ones do not overtake them.
    _writing: threading.Lock = field(default_factory=threading.Lock)

    def add(self, line: Line) -> None:
        """Keep a line; it is written soon, by the thread or with the end of the attempt."""
        with self._lock:
            self._kept += 1
            if self._kept > _MOST_LINES:
                return
            if self._kept == _MOST_LINES:
                text = f"More than {_MOST_LINES} lines: the rest is dropped."
                line = Line(line.at, "WARNING", text)
            self._pending.append(line)
            if len(self._pending) > 1:
                return  # the writer knows of it
            self._pending_since = time.monotonic()
        writer.expect(self)

    def write(self, now: float) -> bool:
        """Write what is ripe at `now`, a time.monotonic(). False if something is left to write."""
        with self._writing:
            with self._lock:
                if not self._pending or now - self._pending_since < _RIPE_SECONDS:
                    return not self._pending
                lines, self._pending = self._pending, []
            try:
                self._write(lines)
            except (DatabaseError, InterfaceError, ValueError) as error:
                logger.debug("Log lines of %s could not be written yet: %s", self.job, error)
                connection.close()
                with self._lock:
                    self._pending[:0] = lines
                return False
        return True

    def _write(self, lines: Sequence[Line]) -> None:
        _limit_waiting()
        write_lines(self.job, self.attempt, lines, worker=self.worker, started_at=self.started_at)

    def close(self) -> list[Line]:
        """The attempt is over: what the thread has not written."""
        with self._writing:
            return self.forget()

    def forget(self) -> list[Line]:
        """Leave nothing to write; returns what there was."""
        with self._lock:
            rest, self._pending = self._pending, []
        return rest


class Writer:
    """The thread that writes the lines of this process."""

    def __init__(self) -> None:
        self._logs: set[JobLog] = set()
        self._lock = threading.Lock()
        self._news = threading.Event()
        self._thread: threading.Thread | None = None
        self._in_database = fork_lock()
        os.register_at_fork(after_in_child=self._begin_anew)

    def expect(self, log: JobLog) -> None:
        """`log` has its first line to write."""
        with self._lock:
            self._logs.add(log)
            # A time limit may have struck between the next two lines.
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self.run, name="hachi-log", daemon=True)
                self._thread.start()
        self._news.set()

    def run(self) -> None:
        """Write what has gathered twice a second, as long as there is something."""
        while True:
            self._news.wait()
            time.sleep(_LOOK_SECONDS)
            self._news.clear()
            if self._write_all():
                self._news.set()

    def _write_all(self) -> bool:
        """Whether something is left to write."""
        with self._in_database:  # all the time: a fork must see every log among `_logs`
            with self._lock:
                logs, self._logs = self._logs, set()
            left = self._left_of(logs)
            with self._lock:
                self._logs |= left
                return bool(self._logs)

    def _left_of(self, logs: Collection[JobLog]) -> set[JobLog]:
        """Write what is ripe; returns the logs that have more."""
        left = set()
        try:
            left = {log for log in logs if not log.write(time.monotonic())}
        except Exception:
            logger.exception("Log lines could not be written.")
        if not left:
            connection.close()
        return left

    def _begin_anew(self) -> None:
        """In a process that was forked: what was there is its parent's to write."""
        for log in self._logs:
            log.__dict__.update(_lock=threading.Lock(), _writing=threading.Lock())
            log.forget()
        self._logs, self._thread = set(), None
        self._lock, self._news = threading.Lock(), threading.Event()


def _limit_waiting() -> None:
    setting = "SET lock_timeout =" if connection.vendor == "postgresql" else "PRAGMA busy_timeout ="
    with connection.cursor() as cursor:
        cursor.execute(f"{setting} {_MOST_WAIT_MS}")


writer = Writer()

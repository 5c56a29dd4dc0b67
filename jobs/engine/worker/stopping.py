"""The end of a worker: what runs may finish in time, the rest goes back, the process exits.

Celery's warm shutdown waits for running tasks without end, its cold one cancels them. Here a stop
takes `seconds` at most: what runs then is interrupted, and its job goes back without an attempt
spent. A thread of its own watches the time, because the main thread is inside a task (solo) or
inside the pool (threads, prefork) just then. It learns of signals from Python's wakeup descriptor,
which is written even while the main thread is inside C code.
"""

import contextlib
import logging
import os
import select
import signal
import sys
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from celery import signals
from celery.concurrency.prefork import TaskPool as PreforkPool
from celery.worker import state
from django.utils import timezone

from jobs.engine.worker.ledger import Ledger

logger = logging.getLogger(__name__)

_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT)
#: Wishes that come from within, among the numbers of signals.
_BEGIN, _ENDED = 0, 255
#: A killed child is dead within this time, or hangs in the kernel.
_DYING_SECONDS = 2.0
#: After an interruption: for Celery's own way out of a prefork worker, and for the last writes.
_WAY_OUT_SECONDS = 3.0
_LAST_WRITES_SECONDS = 5.0
#: A thread cannot be killed: what it ran begins elsewhere only when this process is gone for sure.
_UNTIL_GONE = timedelta(seconds=1)

EXIT_NOT_WRITTEN = 1
#: It was alive and took no jobs (jobs.engine.worker.watch): start it again. EX_TEMPFAIL.
EXIT_DEAF = 75


class Stopper:
    """Watches over a worker's stop. `leave(seconds)` makes the last writes; False if it cannot."""

    def __init__(
        self, ledger: Ledger, pool: Any, *, seconds: float, leave: Callable[[float], bool]
    ) -> None:
        self._ledger = ledger
        self._pool = pool
        self._seconds = seconds
        self._leave = leave
        self._reader, self._writer = os.pipe()
        os.set_blocking(self._writer, False)
        self._thread: threading.Thread | None = None

    def start(self, hostname: str) -> bool:
        """Start the thread and listen to signals, once. Call it in the main thread.

        False if that was done before.
        """
        if self._thread is not None:
            return False
        self._thread = threading.Thread(target=self.run, name="hachi-stop", daemon=True)
        self._thread.start()
        if threading.current_thread() is threading.main_thread():
            _listen(hostname)
            signal.set_wakeup_fd(self._writer, warn_on_full_buffer=False)
        return True

    def begin(self, *, at_once: bool = False) -> None:
        """The worker stops without a signal (`celery control shutdown`): the time runs."""
        self._tell(signal.SIGQUIT if at_once else _BEGIN)

    def ended(self) -> None:
        """The worker has ended by itself."""
        self._tell(_ENDED)

    def _tell(self, wish: int) -> None:
        with contextlib.suppress(BlockingIOError):
            os.write(self._writer, bytes([wish]))

    def run(self) -> None:
        """Wait for a wish to stop; then see to it that the process ends in time."""
        wish = self._next_wish(None)
        self._stop_taking()
        deadline = time.monotonic() + self._seconds
        while wish not in (signal.SIGQUIT, _ENDED) and time.monotonic() < deadline:
            again = self._next_wish(min(1.0, max(0.0, deadline - time.monotonic())))
            if again in _SIGNALS and wish != _BEGIN:
                break
            wish = wish if again in (None, _BEGIN) else again
            self._stop_taking()  # what was being claimed just then
        if wish != _ENDED:
            self._end_now()

    def _next_wish(self, seconds: float | None) -> int | None:
        """The next wish, or None if none came within `seconds`."""
        while select.select([self._reader], [], [], seconds)[0]:
            [wish] = os.read(self._reader, 1)
            if wish in (*_SIGNALS, _BEGIN, _ENDED):
                return int(wish)
        return None

    def _stop_taking(self) -> None:
        self._ledger.taking = False
        self._ledger.give_back_beyond(0)

    def _end_now(self) -> None:
        """Interrupt what runs, and leave."""
        gone = _kill_children(self._pool)
        interrupted = self._ledger.interrupt_all(
            again_at=timezone.now() + (timedelta() if gone else _UNTIL_GONE)
        )
        logger.warning("The time to stop is over: %d running jobs go back.", interrupted)
        if gone and self._next_wish(_WAY_OUT_SECONDS) == _ENDED:
            return
        written = self._leave(_LAST_WRITES_SECONDS)
        code = state.should_stop or (os.EX_OK if written else EXIT_NOT_WRITTEN)
        logging.shutdown()
        sys.stdout.flush()
        os._exit(code)


def _listen(hostname: str) -> None:
    """TERM, INT and QUIT all mean: stop. How soon, the thread decides.

    Celery's own handlers of INT and QUIT cancel what runs and end the pool within the handler.
    """

    def on_signal(number: int, frame: object) -> None:
        if state.should_stop is None:
            state.should_stop = os.EX_OK
            name = signal.Signals(number).name
            signals.worker_shutting_down.send(
                sender=hostname, sig=name, how="Warm", exitcode=os.EX_OK
            )

    for number in _SIGNALS:
        signal.signal(number, on_signal)
    os.register_at_fork(after_in_child=_forget_signals)


def _forget_signals() -> None:
    """A child's signals are no news for its parent."""
    signal.set_wakeup_fd(-1)


def _kill_children(pool: Any) -> bool:
    """Kill the processes of a prefork pool. True if nothing that the pool ran can go on."""
    if not isinstance(pool, PreforkPool):
        return False
    pids = [process.pid for process in list(pool._pool._pool)]
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + _DYING_SECONDS
    return all(_is_dead(pid, deadline) for pid in pids)


def _is_dead(pid: int, deadline: float) -> bool:
    """Wait for the end of a child, and leave it to the pool to bury it."""
    with contextlib.suppress(ChildProcessError):
        while os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT | os.WNOHANG) is None:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.005)
    return True

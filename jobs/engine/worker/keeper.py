"""The keeper: the thread in a worker's parent that beats, dispatches and looks for cancels."""

import logging
import os
import signal
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection
from django.utils import timezone

from jobs.engine.broker.garbage import tally
from jobs.engine.forking import fork_lock
from jobs.engine.pool.request import JobRequest
from jobs.engine.session import Session, is_locked, longest_idle, longest_wait
from jobs.engine.worker.clock import ClockWatch
from jobs.engine.worker.dispatcher import Dispatcher
from jobs.engine.worker.ledger import Ledger
from jobs.engine.worker.strays import Strays
from jobs.engine.worker.watch import Watch
from jobs.models import Node
from jobs.operations.cancel import flagged_of
from jobs.operations.nodes import (
    database_time,
    enroll,
    heartbeat,
    note_clock,
    note_deaf,
    stopping,
)
from jobs.operations.pauses import paused_of

logger = logging.getLogger(__name__)

_TURN_SECONDS = 1.0


class Keeper:
    """Keeps one worker's row, and takes its turns as dispatcher."""

    def __init__(
        self,
        ledger: Ledger,
        dispatcher: Dispatcher,
        node: Node,
        pool: Any,
        watch: Watch,
        *,
        soon: Callable[..., Any],
    ) -> None:
        #: Calls something in the main loop.
        self._soon = soon
        self._watch = watch
        self._ledger = ledger
        self._dispatcher = dispatcher
        self._strays = Strays(ledger.app, ledger)
        #: A fifth for each of two hosts leaves most of a lease for silence.
        self._clock = ClockWatch(most=settings.HACHI_LEASE_SECONDS / 5, ask=database_time)
        self._node = node
        self._pool = pool
        self._stop = threading.Event()
        self._lock = fork_lock()
        self._thread: threading.Thread | None = None
        self._session = Session(
            lock_timeout=longest_wait(), idle_in_transaction_session_timeout=longest_idle()
        )
        self._enrolled = False
        self._turned_at = timezone.now()

    def start(self) -> None:
        """Start the thread, once."""
        if self._thread is None:
            self._thread = threading.Thread(target=self.run, name="hachi-keeper", daemon=True)
            self._thread.start()

    def close(self, timeout: float) -> None:
        """End the thread."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout)

    def run(self, until: Callable[[float], bool] | None = None) -> None:
        """Take a turn a second until `until(seconds)` (by default: until `close`) says stop."""
        until = until or self._stop.wait
        while True:
            self._safely(self._turn_awake)
            if self._rest(until):
                connection.close()
                return

    def _rest(self, until: Callable[[float], bool]) -> bool:
        """Wait for the next turn; a dispatcher may have something to do before it."""
        left = _TURN_SECONDS
        while left > 0:
            look = self._dispatcher.next_look
            seconds = left if look is None else min(left, look)
            begun = time.monotonic()
            if until(seconds):
                return True
            if seconds < left:
                self._safely(self._dispatcher.look)
            left -= max(seconds, time.monotonic() - begun)
        return False

    def _safely(self, act: Callable[[datetime], None]) -> None:
        try:
            with self._lock:
                self._session.ensure()
                act(timezone.now())
        except (DatabaseError, InterfaceError) as error:
            if is_locked(error):
                logger.warning("Somebody holds a row that this turn needs: later. (%s)", error)
                return
            logger.error("The database does not answer (%s); trying again.", error)
            self._dispatcher.lost_sight(timezone.now())
            self._session.forget()
        except Exception:
            # The worker must go on beating, whatever one turn stumbled over.
            logger.exception("A turn of the dispatcher failed.")

    def _turn_awake(self, now: datetime) -> None:
        """A turn; after a gap, the others' silence proves nothing.

        The machine may have slept, or this turn may have waited for a lock of the database, as all
        the others had to. The wall clock tells; the monotonic one stands still in a suspend.
        """
        gap = timedelta(seconds=max(settings.HACHI_LEASE_SECONDS / 3, 2 * _TURN_SECONDS))
        if now - self._turned_at > gap:
            self._dispatcher.lost_sight(now)
        self.turn(now)
        self._turned_at = timezone.now()
        if self._turned_at - now > gap:
            self._dispatcher.lost_sight(self._turned_at)

    def turn(self, now: datetime) -> None:
        """Beat, look for cancels, dispatch."""
        if not self._ledger.is_alive:
            # Nobody would start or end a job here any more, and who is alive is not replaced.
            self._watch.end("its ledger's thread is gone, and others take over")
            return
        self._beat(now)
        if not self._ledger.taking and self._node.stopping_at is None:
            self._node.stopping_at = now
            stopping(self._node.id, now=now)
        self._watch_over(now)
        self._compare_clocks()
        self._stop_cancelled(now)
        self._give_back_paused()
        self._strays.put_back(now)
        tally.write(now)
        self._dispatcher.run_once(now)

    def _watch_over(self, now: datetime) -> None:
        self._watch.look(now, time.monotonic())
        if self._node.deaf_since != self._watch.deaf_since:
            self._node.deaf_since = self._watch.deaf_since
            note_deaf(self._node.id, since=self._node.deaf_since)

    def _compare_clocks(self) -> None:
        self._clock.look(time.monotonic())
        if self._node.clock_ahead != self._clock.ahead:
            self._node.clock_ahead = self._clock.ahead
            note_clock(self._node.id, ahead=self._node.clock_ahead)

    def _beat(self, now: datetime) -> None:
        if self._enrolled and heartbeat(self._node.id, now=now):
            return
        if self._enrolled:
            logger.warning("This worker was thought dead; what it held runs elsewhere now.")
            self._ledger.forget_all()
        self._node.seen_at = now
        enroll(self._node)
        self._enrolled = True
        self._ledger.enrolled.set()

    def _stop_cancelled(self, now: datetime) -> None:
        grace = timedelta(seconds=settings.HACHI_CANCEL_GRACE_SECONDS)
        for id, asked_at, reason in flagged_of(self._node.id):
            request = self._ledger.held.get(id)
            if request is None or request.ended:
                continue
            request.stop_reason = reason
            if request.time_start is None:
                request.revoked()  # unless the pool has it, where it may begin in this moment
            elif now - asked_at >= grace:
                self._soon(self._kill, request)

    def _give_back_paused(self) -> None:
        """What was claimed before a pause and has not begun is not to begin."""
        for id in paused_of(self._node.id):
            request = self._ledger.held.get(id)
            if request is not None and not request.ended:
                request.give_back()

    def _kill(self, request: JobRequest) -> None:
        """End the process that runs the job. Threads and solo cannot be ended: they must look.

        In the main loop, where the process has no other job before this one is known to have ended.
        """
        if request.ended:
            return
        handle = request._apply_result() if request._apply_result else None
        if handle is None or not hasattr(handle, "terminate") or request.worker_pid == os.getpid():
            return
        logger.warning("Job %s did not stop in time: its process is killed.", request.id)
        handle.terminate(signal.SIGKILL)
        self._pool.terminate_job(request.worker_pid, signal.SIGKILL)

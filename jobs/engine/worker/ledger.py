"""The ledger: the thread in a worker's parent that claims, starts and ends jobs, in batches.

Requests come in from the consumer, starts and ends from the pool's callbacks. Under load a batch
is whatever has gathered while the last one was written; an idle worker claims at once.
"""

import contextlib
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from datetime import datetime
from queue import Empty

from celery import Celery
from django.db import DatabaseError, InterfaceError, connection
from django.utils import timezone

from jobs.engine.ends.endings import unwritable
from jobs.engine.forking import fork_lock
from jobs.engine.pool.pace import Pace
from jobs.engine.pool.request import JobRequest
from jobs.engine.session import Session, is_away, is_locked, longest_idle, longest_wait
from jobs.engine.worker.held_up import HeldUp, job_of
from jobs.engine.worker.notebook import Notebook
from jobs.engine.worker.notes import End, Note, Offer, Refused, Start, apart, is_before
from jobs.engine.worker.refusal import refuse
from jobs.engine.worker.settlement import settle
from jobs.operations.claim import held_elsewhere

logger = logging.getLogger(__name__)

_LARGEST_BATCH = 512
#: While jobs come thick and fast, wait this long for more of them before writing.
_LINGER_SECONDS = 0.005
_MANY = 8


class Ledger(Notebook):
    """What this worker holds, and what is still to be written about it."""

    def __init__(self, app: Celery, worker: str, *, wake: Callable[[], None]) -> None:
        super().__init__()
        self.app = app
        #: The id of this worker's node.
        self.worker = worker
        self._wake = wake
        self._won: deque[JobRequest] = deque()
        self._lost: deque[JobRequest] = deque()
        #: Claimed and running requests by id.
        self.held: dict[str, JobRequest] = {}
        #: How long the jobs that ran here took, by task.
        self.pace = Pace()
        #: False once the worker stops: what is offered is left in the queue.
        self.taking = True
        self._lock = fork_lock()
        self._busy = False
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()
        #: Set once the worker's row is there: nobody would miss a worker that dies without one,
        #: and what it had claimed would be its own for ever.
        self.enrolled = threading.Event()
        # Losing the last moments of claims and finishes only means that jobs run again. And one
        # that is frozen in the middle of a transaction must not keep its rows locked for ever.
        self._session = Session(
            synchronous_commit="off",
            lock_timeout=longest_wait(),
            idle_in_transaction_session_timeout=longest_idle(),
        )
        self._held_up = HeldUp()

    def note_free_slot(self) -> None:
        """The pool is done with a request. From any thread."""
        self.free_slot()
        if self._won:
            self._wake()

    # --- for the consumer's thread -----------------------------------------------------------

    def next_won(self, fits: Callable[[JobRequest], bool] = lambda _: True) -> JobRequest | None:
        """The next claimed request for the pool, if there is one and it `fits`."""
        try:
            first = self._won.popleft()
        except IndexError:
            return None
        # Asked of what was taken: other threads put some in front meanwhile, or take the last.
        if fits(first):
            return first
        self._won.appendleft(first)
        return None

    def take_again(self, requests: Sequence[JobRequest]) -> None:
        """Claimed requests that the pool brings back: they have not begun, and are next."""
        self._won.extendleft(reversed(requests))
        if requests:
            self._wake()

    def next_lost(self) -> JobRequest | None:
        """The next request that was not won; its message only costs credit."""
        return self._lost.popleft() if self._lost else None

    @property
    def has_work(self) -> bool:
        """Whether something is held, or on its way to being so."""
        return bool(self.held) or not self._inbox.empty() or bool(self._held_up)

    @property
    def waiting(self) -> int:
        """How many claimed requests wait here for the pool."""
        return len(self._won)

    def give_back_beyond(self, window: int) -> None:
        """Leave at most `window` claimed requests waiting here; others may have the rest."""
        with contextlib.suppress(IndexError):  # the consumer's thread may take the last one
            while len(self._won) > window:
                self._won.pop().give_back()

    def interrupt_all(self, *, again_at: datetime) -> int:
        """Put back what runs and what is claimed. Returns how many attempts were cut short."""
        rest = [request for request in list(self.held.values()) if not request.ended]
        for request in rest:
            request.interrupt(again_at)
        return sum(request.time_start is not None for request in rest)

    # --- the thread --------------------------------------------------------------------------

    def start(self) -> None:
        """Start the thread, once."""
        if self._thread is None:
            self._thread = threading.Thread(target=self.run, name="hachi-ledger", daemon=True)
            self._thread.start()

    def close(self, timeout: float) -> bool:
        """Write all that is noted, then end the thread. False if it could not in time."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout)
            return not self._thread.is_alive()
        return True

    def run(self) -> None:
        """Settle batches until `close` is called and nothing is left to write."""
        while not self.enrolled.wait(0.2) and not self._stop.is_set():
            pass
        while True:
            batch = self._held_up.queue_behind(self._gather())
            if self._held_up.is_due(time.monotonic()):
                batch = [*self._free_again(), *batch]
            if batch:
                self._settle_for_sure(batch)
            elif self._stop.is_set() and not self._held_up and not self._give_back_the_rest():
                connection.close()
                return

    def _give_back_the_rest(self) -> bool:
        """At the end: what is claimed and has not begun. False if there is none."""
        held = list(self.held.values())  # in one step: the keeper's thread may be at it still
        rest = [r for r in held if r.time_start is None and not r.ended]
        for request in rest:
            request.interrupt(timezone.now())
        return bool(rest)

    def _gather(self) -> list[Note]:
        notes: list[Note] = []
        try:
            notes.append(self._inbox.get(timeout=0.2))
            if self._busy:
                time.sleep(_LINGER_SECONDS)
            while len(notes) < _LARGEST_BATCH:
                notes.append(self._inbox.get_nowait())
        except Empty:
            pass
        return notes

    def _settle_for_sure(self, batch: list[Note]) -> None:
        """Write the batch, however long the database is away; then row by row if one is bad."""
        pause = 0.1
        while batch:
            try:
                self._settle(batch)
                return
            except Exception as error:  # noqa: BLE001 - this thread must live, whatever a row holds
                if is_locked(error):
                    batch = self._without_held(batch)
                    continue
                self._session.forget()
                if is_away(error):
                    logger.error("The database does not answer (%s); trying again.", error)
                    time.sleep(pause)
                    pause = min(pause * 2, 5.0)
                    continue
                if len(batch) == 1:
                    self._give_up(batch[0], error)
                    return
                for note in batch:
                    self._settle_for_sure([note])
                return

    def _without_held(self, batch: list[Note]) -> list[Note]:
        """What of `batch` can be written although somebody's transaction holds a row of it."""
        held = self._held_elsewhere([job_of(note) for note in batch])
        if not held and len(batch) > 1:  # it is another row: a lane's, a batch's
            for note in batch:
                self._settle_for_sure([note])
            return []
        aside = [note for note in batch if len(batch) == 1 or job_of(note) in held]
        logger.warning("Somebody holds the rows of %d notes: they are written later.", len(aside))
        # What is not claimed waits in the database: the dispatcher publishes it again.
        offers = [n for n in aside if isinstance(n, Offer) and n.request.id in held]
        self._lost.extend(offer.request for offer in offers)
        self._wake()
        kept = [note for note in aside if note not in offers]
        for _ in filter(is_before, kept):
            self.free_slot()  # others may have it meanwhile
        self._held_up.put(kept, now=time.monotonic())
        return [note for note in batch if note not in aside]

    def _free_again(self) -> list[Note]:
        held = self._held_elsewhere(self._held_up.ids)
        free = self._held_up.take(held, now=time.monotonic())
        for _ in filter(is_before, free):
            self.take_slot()
        return free

    def _held_elsewhere(self, ids: Sequence[str]) -> set[str]:
        try:
            with self._lock:
                self._session.ensure()
                return held_elsewhere(ids)
        except (DatabaseError, InterfaceError):
            return set()  # whoever writes next will learn of it

    def _let_begin(self, note: Start, *, mine: bool = True) -> None:
        """Its start is written, or could not be; a job that is somebody else's does not begin."""
        self.free_slot()
        if mine:
            self._won.appendleft(note.request)
        else:
            note.request.forget()
            self._drop(note.request)

    def _drop(self, request: JobRequest) -> None:
        """Hold it no longer; but keep another one of the same job, forgotten and claimed anew."""
        if self.held.get(request.id) is request:
            self.held.pop(request.id, None)

    def _give_up(self, note: Note, error: Exception) -> None:
        """A note that cannot be written: end its job with the reason, and lose no credit."""
        logger.error("This could not be written: %r", note, exc_info=error)
        if isinstance(note, Offer):
            if not note.request.tracked:  # Redis held its only copy
                self.note_refused(note.request.message, type(error).__name__, str(error))
            self._lost.append(note.request)
            self._wake()
        elif isinstance(note, Start) and note.before:
            self._let_begin(note)
            self._wake()
        elif isinstance(note, Refused | Start):
            return  # a start that could not be written is written with its end
        elif isinstance(note, End) and not note.ending.unwritable:
            self._settle_for_sure([End(note.request, unwritable(error))])
        else:
            self._drop(note.request)

    @property
    def is_alive(self) -> bool:
        """Whether the thread runs, or was never started."""
        return self._thread is None or self._thread.is_alive()

    def forget_all(self) -> None:
        """Drop what is claimed and has not begun: this worker was taken for dead."""
        for request in [r for r in list(self.held.values()) if r.time_start is None]:
            request.forget()
            self._drop(request)

    def _settle(self, batch: list[Note]) -> None:
        batch, again = apart(batch, self.held)
        self._lost.extend(again)
        with self._lock:
            self._session.ensure()
            for note in batch:
                if isinstance(note, Refused):
                    refuse(note.message, note.error_type, note.reason)
            settled = settle(
                self.app, batch, worker=self.worker, taking=self.taking, now=timezone.now()
            )
        for request in settled.won:
            self.held[request.id] = request
            self._won.append(request)
        self._lost.extend(settled.lost)
        for note in batch:
            if isinstance(note, Start) and note.before:
                self._let_begin(note, mine=note.request.id in settled.begun)
        for request in settled.done:
            self._drop(request)
        self._busy = len(batch) >= _MANY
        if self._won or self._lost:
            self._wake()

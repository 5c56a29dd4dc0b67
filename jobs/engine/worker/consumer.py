"""The worker's consumer, with a ledger and a keeper beside it."""

import logging
import threading
import time
from collections.abc import Callable
from typing import Any

from celery import signals
from celery.concurrency.prefork import TaskPool as PreforkPool
from celery.concurrency.solo import TaskPool as SoloPool
from celery.exceptions import NotRegistered
from celery.worker import state
from celery.worker.consumer import Consumer
from django.conf import settings
from django.db import DatabaseError, InterfaceError
from django.utils import timezone

from jobs.engine.broker.garbage import tally
from jobs.engine.broker.publisher import publisher
from jobs.engine.node import new_node
from jobs.engine.pool.attempt import install_log_handler
from jobs.engine.pool.bundle import Bundle
from jobs.engine.pool.regions import Region, Regions
from jobs.engine.pool.request import JobRequest
from jobs.engine.worker.connecting import STILL_SECONDS, PatientConsumer
from jobs.engine.worker.credit import Credit
from jobs.engine.worker.dispatcher import Dispatcher
from jobs.engine.worker.keeper import Keeper
from jobs.engine.worker.ledger import Ledger
from jobs.engine.worker.stopping import EXIT_DEAF, Stopper
from jobs.engine.worker.watch import NO_ANSWER, NO_CONNECTION, STANDS_STILL, Watch
from jobs.models import Node
from jobs.operations.nodes import leave

logger = logging.getLogger(__name__)

#: A worker that is slow for a while is not deaf, however short the lease.
_DEAF_SECONDS = 10.0

# The children of a prefork pool; the parent of the other pools does it in LedgerStep.start.
signals.worker_process_init.connect(install_log_handler, weak=False)


class JobConsumer(PatientConsumer):
    """Takes messages, has their jobs claimed, and hands those that were won to the pool."""

    class Blueprint(Consumer.Blueprint):
        default_steps = [
            *Consumer.Blueprint.default_steps,
            "jobs.engine.worker.ledger_step:LedgerStep",
        ]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.node = new_node(
            Node.Kind.WORKER,
            self.hostname,
            now=timezone.now(),
            pool=type(self.pool).__module__.rpartition(".")[2],
            concurrency=self.pool.limit or 1,
            queues=",".join(sorted(self.app.amqp.queues.consume_from)),
        )
        # Celery would end a worker one of whose children is killed in its first moments; the pool
        # replaces that one like any other.
        self.pool.did_start_ok = lambda: True
        self.slots = self.pool.limit or 1
        #: Short jobs that are in the pool together, which only pays where a child is a process.
        self.bundles: set[Bundle] = set()
        self._forks = isinstance(self.pool, PreforkPool)
        self._runs_here = isinstance(self.pool, SoloPool)
        self._regions = Regions()
        #: What is held and came through a channel that is lost since.
        self._came_before: list[JobRequest] = []
        self.credit = Credit(self.slots, self.prefetch_multiplier)
        self.initial_prefetch_count = self.credit.window
        self.ledger = Ledger(self.app, self.node.id, wake=self.wake)
        dispatcher = Dispatcher(self.app, self.node.id, started_at=timezone.now())
        self.ticked_at = time.monotonic()
        watch = Watch(
            self,
            seconds=max(settings.HACHI_LEASE_SECONDS, _DEAF_SECONDS),
            redis_answers=lambda: publisher().answers(),
        )
        self.keeper = Keeper(self.ledger, dispatcher, self.node, self.pool, watch, soon=self._soon)
        self.stopper = Stopper(
            self.ledger, self.pool, seconds=settings.HACHI_STOP_SECONDS, leave=self.leave
        )
        self._leaving = threading.Lock()

    def wake(self) -> None:
        """From any thread: there is something to hand over, or a free slot."""
        self._soon(self.hand_over)

    def _soon(self, call: Callable[..., Any], *args: Any) -> None:
        self.hub.call_soon(call, *args)

    def hand_over(self) -> None:
        """Give claimed requests to the pool as far as it has free slots."""
        self.ticked_at = time.monotonic()
        while lost := self.ledger.next_lost():
            lost.acknowledge()
            self.credit.count_start()  # a backlog of cancelled jobs must not go four by four
        for bundle in self.bundles:
            bundle.look(time.monotonic())
        while self.ledger.in_pool < self.slots and (request := self.ledger.next_won()):
            self._run([request, *self._companions(request)])
            if self._runs_here:
                # It has just run in this very thread: let the loop look around.
                if self.ledger.waiting:
                    self.wake()
                break
        self._adjust_credit()

    def _companions(self, first: JobRequest) -> list[JobRequest]:
        """Requests that may go to a child together with `first`, in their order."""
        companions: list[JobRequest] = []
        if not self._forks:
            return companions
        together = self.ledger.pace.together
        most = min(together(first.name), self.ledger.waiting // self.slots)
        limits = first.limits
        while len(companions) < most - 1:
            request = self.ledger.next_won(
                lambda request: together(request.name) >= most and request.limits == limits
            )
            if request is None:
                break
            companions.append(request)
        return companions

    def connect(self) -> Any:
        """Connect to Redis. The new channel knows nothing of what came through the one before."""
        connection = super().connect()
        self._came_before = list(self.ledger.held.values())
        self.initial_prefetch_count = self._credit_for_more(self.credit.window)
        return connection

    def _credit_for_more(self, window: int) -> int:
        """The part of `window` that is not used up by requests of earlier channels.

        -1 for none at all: 0 is no limit, in kombu's words.
        """
        self._came_before = [
            request
            for request in self._came_before
            if request.time_start is None and not request.ended
        ]
        left = window - len(self._came_before)
        return left if left > 0 else -1

    def _adjust_credit(self) -> None:
        """Claim ahead as far as the last moments show, and give back what is too much."""
        window = self._credit_for_more(self.credit.adjust(time.monotonic()))
        if self.qos is not None and self.qos.value != window:
            self.qos.value = window  # Celery's loop passes it on
        self.ledger.give_back_beyond(self.credit.bound)

    def _run(self, requests: list[JobRequest]) -> None:
        """Give `requests` to the pool, in one of its slots."""
        ready = [request for request in requests if self._may_run(request)]
        if not ready:
            return
        region = self._regions.take() if len(ready) > 1 else None
        if region is None:
            self.ledger.take_again(ready[1:])
            del ready[1:]
        self.ledger.take_slot()
        for request in ready:
            self._announce(request)
        if region is None:
            self.on_task_request(ready[0])
            return
        bundle = Bundle(ready, region, self)
        self.bundles.add(bundle)
        self.on_task_request(bundle)

    def _may_run(self, request: JobRequest) -> bool:
        if request.ended or not self.ledger.taking:
            request.give_back()
            return False
        if request.suspect:
            self.ledger.note_start_before(request, timezone.now())
            return False
        return True

    def bundle_closed(self, bundle: Bundle, region: Region, *, at_rest: bool) -> None:
        """Its slot and its region are free."""
        self.bundles.discard(bundle)
        self._regions.give(region, at_rest=at_rest)
        self.ledger.note_free_slot()

    def _announce(self, request: JobRequest) -> None:
        self.credit.count_start()
        state.requests[request.id] = request
        state.reserved_requests.add(request)
        if not self.event_dispatcher.enabled:
            return
        request.send_event(
            "task-received",
            name=request.name,
            args=request.argsrepr,
            kwargs=request.kwargsrepr,
            root_id=request.root_id,
            parent_id=request.parent_id,
            retries=request.request_dict.get("retries", 0),
            eta=None,
            expires=request.expires and request.expires.isoformat(),
        )

    # --- what the watch asks and does, from its own thread (jobs.engine.worker.watch) ------------

    def standstill(self, now: float) -> str:
        """Why this worker takes no jobs although it could; empty if it does."""
        if not self.ledger.taking or (self._runs_here and self.ledger.in_pool):
            return ""
        if now - self.ticked_at > STILL_SECONDS:
            return STANDS_STILL
        channel = getattr(self.task_consumer, "channel", None)
        if self.connection is None or channel is None:
            return NO_CONNECTION
        if now - channel.answered_at < STILL_SECONDS:
            return ""
        return "" if channel.qos.is_full and self.ledger.has_work else NO_ANSWER

    def give_up(self, *, at_once: bool) -> None:
        """Give everything back and exit, to be started again."""
        state.should_stop = EXIT_DEAF
        self.stopper.begin(at_once=at_once)

    def leave(self, seconds: float) -> bool:
        """Make the last writes and take this worker's row away. False if that took too long."""
        if not self._leaving.acquire(timeout=seconds):
            return False
        try:
            return self._leave(seconds)
        finally:
            self._leaving.release()

    def _leave(self, seconds: float) -> bool:
        self.ledger.taking = False
        self.keeper.close(seconds)
        written = self.ledger.close(seconds) and not self.ledger.held
        try:
            tally.write(timezone.now())
            if written:
                leave(self.node.id)
                return True
        except (DatabaseError, InterfaceError) as error:
            logger.error("The database does not answer (%s).", error)
        logger.error("Not everything could be written: another worker will take over.")
        return False

    # --- messages that can never run: Celery logs and drops them; here they become failed rows ---

    def on_unknown_message(self, body: Any, message: Any) -> None:
        self.ledger.note_refused(message, "UnknownMessage", "It is no message of a Celery task.")
        super().on_unknown_message(body, message)

    def on_unknown_task(self, body: Any, message: Any, exc: Exception) -> None:
        name = message.headers.get("task")
        text = f"This worker knows no task {name!r}. Deploy the code that has it, then retry."
        self.ledger.note_refused(message, NotRegistered.__name__, text)
        super().on_unknown_task(body, message, exc)

    def on_invalid_task(self, body: Any, message: Any, exc: Exception) -> None:
        self.ledger.note_refused(message, type(exc).__name__, str(exc))
        super().on_invalid_task(body, message, exc)

    def on_decode_error(self, message: Any, exc: Exception) -> None:
        self.ledger.note_refused(message, type(exc).__name__, str(exc))
        super().on_decode_error(message, exc)

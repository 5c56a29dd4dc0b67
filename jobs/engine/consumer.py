"""The worker's consumer, with a ledger and a keeper beside it."""

import logging
from typing import Any

from celery import bootsteps, signals
from celery.concurrency.solo import TaskPool as SoloPool
from celery.exceptions import NotRegistered
from celery.worker import state
from celery.worker.consumer import Consumer
from django.utils import timezone

from jobs.engine.attempt import install_log_handler
from jobs.engine.dispatcher import Dispatcher
from jobs.engine.keeper import Keeper
from jobs.engine.ledger import Ledger
from jobs.engine.node import new_node
from jobs.engine.refusal import refuse
from jobs.models import Node
from jobs.operations.nodes import leave, stopping

logger = logging.getLogger(__name__)

#: How long the last writes may take when the worker stops.
_LAST_WRITES_SECONDS = 20.0

# The children of a prefork pool; the parent of the other pools does it in LedgerStep.start.
signals.worker_process_init.connect(install_log_handler, weak=False)


class JobConsumer(Consumer):
    """Takes messages, has their jobs claimed, and hands those that were won to the pool."""

    class Blueprint(Consumer.Blueprint):
        default_steps = [*Consumer.Blueprint.default_steps, "jobs.engine.consumer:LedgerStep"]

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
        self.ledger = Ledger(self.app, self.node.id, wake=self.wake)
        dispatcher = Dispatcher(self.app, self.node.id, started_at=timezone.now())
        self.keeper = Keeper(self.ledger, dispatcher, self.node, self.pool)

    def on_close(self) -> None:
        """Keep what is in the pool and on the way to it when the connection to Redis is lost.

        Celery drops it, because its broker would deliver it again; here it is claimed, and no
        message would ever come for it.
        """

    def wake(self) -> None:
        """From the ledger's thread: there is something to hand over."""
        self.hub.call_soon(self.hand_over)

    def hand_over(self) -> None:
        """Give claimed requests to the pool, and free the credit of those that were not won."""
        while handover := self.ledger.next_handover():
            if handover.lost is not None:
                handover.lost.acknowledge()
            elif handover.won is not None:
                self._run(handover.won)
                if isinstance(self.pool, SoloPool):
                    break  # it has just run in this very thread: let the loop look around
        if self.ledger.has_handovers:
            self.wake()

    def _run(self, request: Any) -> None:
        if request.ended or not self.ledger.taking:
            request.give_back()
            return
        state.task_reserved(request)
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
        self.on_task_request(request)

    # --- messages that can never run: Celery logs and drops them; here they become failed rows ---

    def on_unknown_message(self, body: Any, message: Any) -> None:
        refuse(message, "UnknownMessage", "It is no message of a Celery task.")
        super().on_unknown_message(body, message)

    def on_unknown_task(self, body: Any, message: Any, exc: Exception) -> None:
        name = message.headers.get("task")
        text = f"This worker knows no task {name!r}. Deploy the code that has it, then retry."
        refuse(message, NotRegistered.__name__, text)
        super().on_unknown_task(body, message, exc)

    def on_invalid_task(self, body: Any, message: Any, exc: Exception) -> None:
        refuse(message, type(exc).__name__, str(exc))
        super().on_invalid_task(body, message, exc)

    def on_decode_error(self, message: Any, exc: Exception) -> None:
        refuse(message, type(exc).__name__, str(exc))
        super().on_decode_error(message, exc)


class LedgerStep(bootsteps.StartStopStep):
    """Starts and ends the threads of a `JobConsumer` with the worker.

    Celery restarts the consumer's steps whenever the connection to Redis is lost; the threads live
    through that. Its order at the end is `stop`, the drain of the pool, `shutdown`.
    """

    requires = ("celery.worker.consumer.connection:Connection",)

    def start(self, c: JobConsumer) -> None:
        install_log_handler()
        c.ledger.start()
        c.keeper.start()
        if c.ledger.has_handovers:
            c.wake()

    def stop(self, c: JobConsumer) -> None:
        if c.blueprint.state == bootsteps.RUN:
            return  # only the connection is lost
        c.ledger.taking = False
        for request in list(c.ledger.held.values()):
            if request._apply_result is None:
                request.give_back()
        stopping(c.node.id, now=timezone.now())

    def shutdown(self, c: JobConsumer) -> None:
        c.ledger.taking = False
        for request in list(c.ledger.held.values()):
            if request.time_start is None:
                request.give_back()
        c.keeper.close(_LAST_WRITES_SECONDS)
        if c.ledger.close(_LAST_WRITES_SECONDS) and not c.ledger.held:
            leave(c.node.id)
        else:
            logger.error("Not everything could be written: another worker will take over.")

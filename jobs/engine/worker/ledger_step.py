"""The bootstep that starts and ends the threads of a worker's parent."""

from celery import bootsteps

from jobs.engine.pool.attempt import install_log_handler
from jobs.engine.worker.consumer import JobConsumer
from jobs.engine.worker.limits import see_to_limits

#: How long the last writes may take when the worker stops.
_LAST_WRITES_SECONDS = 20.0


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
        if c.stopper.start(c.hostname):
            see_to_limits(c.pool, c.ledger, give_up=lambda: c.give_up(at_once=True))
        c.timer.call_repeatedly(1.0, c.hand_over)
        c.wake()

    def stop(self, c: JobConsumer) -> None:
        if c.blueprint.state == bootsteps.RUN:
            return  # only the connection is lost
        c.ledger.taking = False
        c.ledger.give_back_beyond(0)
        c.stopper.begin()

    def shutdown(self, c: JobConsumer) -> None:
        c.leave(_LAST_WRITES_SECONDS)
        c.stopper.ended()

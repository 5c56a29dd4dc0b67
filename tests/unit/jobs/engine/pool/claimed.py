"""Requests for tests of a worker's parent."""

from unittest.mock import Mock

from kombu.message import Message

from jobs.engine.pool.pace import Pace
from jobs.engine.pool.request import JobRequest
from jobs.engine.pool.undecoded import NOT_DECODED
from jobs.engine.worker.ledger import Ledger


def request(app, body="[[], {}, {}]"):
    """A claimed request, and a ledger that only listens."""
    headers = {"id": "a", "task": "test.nothing", "hachi": 1}
    ledger = Mock(spec=Ledger)
    ledger.worker, ledger.pace, ledger.taking = "w", Pace(), True
    message = Message(headers=headers, body=body, properties={}, delivery_info={})
    message.content_type, message.content_encoding = "application/json", "utf-8"
    message._decoded_cache = NOT_DECODED  # as the strategy does
    made = JobRequest(
        message,
        ledger=ledger,
        on_ack=Mock(),
        app=app,
        task=app.tasks["test.nothing"],
        eventer=None,
        hostname="w",
        connection_errors=(),
        body=body,
        headers=headers,
        decoded=False,
        utc=True,
    )
    made.attempt = 1
    return made

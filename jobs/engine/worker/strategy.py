"""From a message to a request that is offered to the ledger.

Celery calls the strategy for each message that a worker receives. Its own hands the request to the
pool at once; ours waits until the row is claimed. Celery's notes call this hook an optimisation
and not easy to override: tests/acceptance/test_celery_contract.py fails loudly when it changes.
"""

from collections.abc import Callable, Mapping
from typing import Any

from celery.exceptions import InvalidTaskError
from celery.worker.strategy import hybrid_to_proto2, proto1_to_proto2
from kombu.exceptions import ContentDisallowed, DecodeError

from jobs.engine.broker.message import TRACKED
from jobs.engine.pool.request import JobRequest
from jobs.engine.pool.undecoded import NOT_DECODED
from jobs.engine.worker.refusal import is_too_large
from jobs.engine.worker.vetting import vet, vet_foreign


def collect(task: Any, app: Any, consumer: Any, **_: Any) -> Callable[..., None]:
    """The handler of messages for `task`."""
    ledger = consumer.ledger
    in_utc = app.uses_utc_timezone()

    def handle(message: Any, body: Any, ack: Any, reject: Any, callbacks: Any) -> None:
        _check_size(message)
        try:
            request = read(message, body, ack, reject)
        except (InvalidTaskError, DecodeError, ContentDisallowed):
            raise  # the consumer makes a failed row of it
        except Exception as error:
            # What goes through here ends the worker, whoever sent the message.
            raise InvalidTaskError(f"The message makes no sense: {error!r:.500}") from error
        ledger.offer(request)

    def read(message: Any, body: Any, ack: Any, reject: Any) -> JobRequest:
        body, headers, decoded, utc = _protocol_2(message, body, in_utc)
        vet(headers, message.properties or {})
        if TRACKED not in headers:
            vet_foreign(headers, body if decoded else message.payload)
        return JobRequest(
            message,
            ledger=ledger,
            on_ack=ack,
            on_reject=reject,
            app=app,
            hostname=consumer.hostname,
            eventer=consumer.event_dispatcher,
            task=task,
            connection_errors=consumer.connection_errors,
            body=body,
            headers=headers,
            decoded=decoded,
            utc=utc,
        )

    return handle


def _check_size(message: Any) -> None:
    """Refuse a foreign message that no `apply_async` of ours would have taken."""
    if TRACKED not in (message.headers or {}) and is_too_large(message):
        raise InvalidTaskError("The message is too large.")  # the refusal says more


def _protocol_2(message: Any, body: Any, in_utc: bool) -> tuple[Any, Any, bool, bool]:
    """Body, headers, whether the body is decoded, and whether times are UTC."""
    if body is None and TRACKED in message.headers:
        message._decoded_cache = NOT_DECODED
        return message.body, message.headers, False, in_utc
    has_args = isinstance(message.payload, Mapping) and "args" in message.payload
    if body is None and not has_args:
        return message.body, message.headers, False, in_utc
    if has_args:
        translated: tuple[Any, Any, bool, bool] = hybrid_to_proto2(message, message.payload)
    else:
        translated = proto1_to_proto2(message, body)
    return translated

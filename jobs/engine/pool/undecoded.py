"""A request whose body is decoded where it runs, and in the parent only if somebody looks."""

from functools import cached_property
from typing import Any

from celery.app.task import Context
from celery.worker.request import Request
from kombu.serialization import loads

#: In place of args, kwargs and embedded callbacks, while Celery's own class takes them apart. As a
#: rule nobody looks at them in the parent: the pool's process decodes the body by itself.
NOT_DECODED = (None, None, None)


class UndecodedRequest(Request):
    """Celery's request, with arguments that are decoded when they are asked for."""

    def __init__(self, message: Any, **options: Any) -> None:
        super().__init__(message, **options)
        if message._decoded_cache is NOT_DECODED:
            message._decoded_cache = None
        del self._request_dict["args"], self._request_dict["kwargs"]  # they are in the body

    @cached_property
    def _payload(self) -> Any:
        if self._decoded:
            return self._body
        accept = self._message.accept
        return loads(self._body, self._content_type, self._content_encoding, accept=accept)

    @cached_property
    def _context(self) -> Context:
        args, kwargs, embed = self._payload
        return Context(self._request_dict | {"args": args, "kwargs": kwargs} | (embed or {}))

    # Celery's constructor sets these two; what it sets is forgotten.
    _args = property(lambda self: self._payload[0], lambda self, _: None)
    _kwargs = property(lambda self: self._payload[1], lambda self, _: None)

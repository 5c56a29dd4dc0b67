"""A request whose body is decoded where it runs, and in the parent only if somebody looks."""

import logging
from functools import cached_property
from typing import Any

from celery.app.task import Context
from celery.worker.request import Request
from kombu.serialization import loads

logger = logging.getLogger(__name__)

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
    def _payload(self) -> tuple[Any, Any, dict[str, Any]]:
        """Arguments, and what is embedded; nothing if the body cannot be read.

        Whoever runs it says so. An error here would keep its end from being written, each time.
        """
        try:
            args, kwargs, embed = self.decode()
            return args, kwargs, dict(embed or {})
        except Exception:
            logger.exception("The arguments of %s[%s] cannot be read.", self.name, self.id)
            return (), {}, {}

    def decode(self) -> Any:
        """The body; what decoding it raises comes through."""
        if self._decoded:
            return self._body
        accept = self._message.accept
        return loads(self._body, self._content_type, self._content_encoding, accept=accept)

    @cached_property
    def _context(self) -> Context:
        args, kwargs, embed = self._payload
        return Context(self._request_dict | {"args": args, "kwargs": kwargs} | embed)

    # Celery's constructor sets these two; what it sets is forgotten.
    _args = property(lambda self: self._payload[0], lambda self, _: None)
    _kwargs = property(lambda self: self._payload[1], lambda self, _: None)

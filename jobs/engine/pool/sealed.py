"""Errors on their way from a child of a prefork pool to its parent, where they may mean nothing.

Their class may be one that only the child can import: of a plugin that the task has loaded from a
file. The pool would unpickle it in the parent's event loop, and the whole worker would end over it.
So they travel as bytes, and an error that cannot be read is known by what the report says of it.
"""

import pickle
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Unreadable:
    """In place of billiard's ExceptionInfo."""

    exception: BaseException
    traceback: str = ""


def seal(exc_info: Any) -> bytes:
    """For the child: what its tracer made of a failure, as bytes."""
    try:
        return pickle.dumps(exc_info, protocol=pickle.HIGHEST_PROTOCOL)
    except Exception as error:  # noqa: BLE001 - an error may hold anything
        return pickle.dumps(_unreadable(error))


def opened(exc_info: Any) -> Any:
    """For the parent: what was sealed; what a pool without children brings comes back as it is."""
    if not isinstance(exc_info, bytes):
        return exc_info
    try:
        return pickle.loads(exc_info)  # noqa: S301 - our own child's
    except Exception as error:  # noqa: BLE001 - an import may raise anything
        return _unreadable(error)


def _unreadable(error: Exception) -> Unreadable:
    return Unreadable(RuntimeError(f"Its error cannot be read outside of its process: {error!r}"))

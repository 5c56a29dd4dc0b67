"""Arguments are checked at submit, where the mistake is, not in a worker an hour later."""

import inspect
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from celery import Task
from kombu.utils.json import dumps

from jobs.errors import InvalidArguments


def check_signature(task: Task, args: Sequence[Any], kwargs: Mapping[str, Any]) -> None:
    """Raise InvalidArguments, naming the argument, unless `task` can be called with these."""
    try:
        _signature(task).bind(*args, **kwargs)
    except TypeError as error:
        raise InvalidArguments(
            f"{task.name} takes {_signature(task)}: {error}.", _named_in(str(error))
        ) from error


def by_name(task: Task, args: Sequence[Any], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of a call of `task` by the names that it gives them.

    Raises:
        InvalidArguments: it cannot be called with these.
    """
    check_signature(task, args, kwargs)
    return dict(_signature(task).bind(*args, **kwargs).arguments)


def encode(
    task: str, args: Sequence[Any], kwargs: Mapping[str, Any], embed: Mapping[str, Any]
) -> str:
    """The body of a message as JSON text, or InvalidArguments naming what is no JSON."""
    try:
        return str(dumps((args, kwargs, embed)))
    except (TypeError, ValueError, RecursionError) as error:
        name, value = _culprit(args, kwargs)
        raise InvalidArguments(
            f"Argument {name!r} of {task} cannot be written as JSON: {type(value).__name__}"
            f" ({error}). Pass plain values, such as a primary key.",
            name,
        ) from error


def may_retry(task: Task, *, by_rules: bool = True) -> bool:
    """Whether the task can come back: by its rules, by Celery, or it sees itself (`bind=True`)."""
    if by_rules and getattr(task, "retry_rules", None):
        return True
    return bool(getattr(task, "autoretry_for", None)) or _is_bound(task.run)


def _is_bound(run: Any) -> bool:
    """Whether a task takes itself as first argument, whatever is wrapped around its function."""
    while not inspect.ismethod(run) and hasattr(run, "__wrapped__"):
        run = run.__wrapped__
    return inspect.ismethod(run)


@lru_cache(maxsize=1024)
def _signature(task: Task) -> inspect.Signature:
    run = task.run
    # autoretry_for wraps `run`; the original's signature is what people know.
    return inspect.signature(inspect.unwrap(run))


def _named_in(message: str) -> str:
    """The name that inspect puts in quotes, as in "missing a required argument: 'size'"."""
    parts = message.split("'")
    return parts[1] if len(parts) >= 3 else ""


def _culprit(args: Sequence[Any], kwargs: Mapping[str, Any]) -> tuple[str, Any]:
    named = [(f"args[{i}]", value) for i, value in enumerate(args)] + list(kwargs.items())
    for name, value in named:
        try:
            dumps(value)
        except (TypeError, ValueError, RecursionError):
            return name, value
    return "args", args

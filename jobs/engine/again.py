"""Transactions that may meet another in the wrong order: PostgreSQL ends one, which begins anew."""

import time
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from django.db import OperationalError, connection, transaction

from jobs.engine.session import has_collided

P = ParamSpec("P")
R = TypeVar("R")

_TRIES = 4
_PAUSE_SECONDS = 0.05


def atomic_again(function: Callable[P, R]) -> Callable[P, R]:
    """`transaction.atomic`, begun anew a few times when it ends in a deadlock.

    A worker locks the jobs of a batch and their chords in the order in which they ended; whoever
    cancels locks them in another. Inside of another transaction there is nothing to begin anew.
    """

    @wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        for attempt in range(1, _TRIES):
            try:
                with transaction.atomic():
                    return function(*args, **kwargs)
            except OperationalError as error:
                if connection.in_atomic_block or not has_collided(error):
                    raise
                time.sleep(_PAUSE_SECONDS * attempt)
        with transaction.atomic():
            return function(*args, **kwargs)

    return run

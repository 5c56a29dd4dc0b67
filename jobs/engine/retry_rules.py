"""Retry rules: which errors are worth another attempt, how many, and when. Pure, no I/O.

    @shared_task(
        retry_rules=(
            On(requests.Timeout, attempts=5, wait=backoff(2, 600)),
            On(ValueError, never),
            On(RateLimited, wait=lambda error, attempt: error.retry_after),
            on_database_away(),
        ),
        max_attempts=8,
    )

The first rule that an error fits decides; an error that fits none is left to Celery's own options
(`autoretry_for` and its like). `max_attempts` caps everything, `self.retry()` too.
"""

import logging
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from celery.exceptions import TaskPredicate
from django.db import DatabaseError, InterfaceError

from jobs.engine.session import is_away
from jobs.errors import DatabaseUnavailable, InvalidRetryRule

logger = logging.getLogger(__name__)


class _Never:
    """The wait of errors that another attempt does not mend."""

    def __repr__(self) -> str:
        return "never"


never = _Never()


@dataclass(frozen=True, slots=True)
class Backoff:
    """A wait that grows with each attempt. See `backoff`."""

    first: float
    most: float
    factor: float
    jitter: float

    def seconds(self, attempt: int, share: float) -> float:
        """The wait after `attempt`; `share` (0 to 1) is how much of the jitter is taken off."""
        longest = min(self.first * self.factor ** min(attempt - 1, 100), self.most)
        return longest * (1 - self.jitter * share)


#: The wait of a rule that says none.
USUAL = Backoff(2.0, 600.0, 2.0, 0.5)
#: Seconds, a `backoff`, `never`, or a function of the error and the number of the attempt.
Wait = float | Backoff | _Never | Callable[[Any, int], float]


def backoff(
    first: float, most: float = 600.0, *, factor: float = 2.0, jitter: float = 0.5
) -> Backoff:
    """A wait of `first` seconds, times `factor` with each attempt, never more than `most`.

    Up to `jitter` of it (0 to 1) is taken off, so that jobs that failed together do not come back
    together. How much depends on the job's id and the attempt alone: the same job waits the same.

    Raises:
        InvalidRetryRule: a number makes no sense.
    """
    if not (0 < first <= most < math.inf and 1 <= factor < 1_000 and 0 <= jitter <= 1):
        raise InvalidRetryRule(
            f"backoff({first!r}, {most!r}, factor={factor!r}, jitter={jitter!r}): the first wait "
            "is more than 0 and no more than the longest, the factor 1 or more, the jitter 0 to 1."
        )
    return Backoff(first, most, factor, jitter)


@dataclass(frozen=True, slots=True)
class On:
    """What to do on some errors: try again after `wait`, up to `attempts` in all, or `never`.

    `errors` is an exception class or a tuple of them, and `when`, if given, says for which of them
    the rule is. `attempts` counts every attempt of the job, whatever it failed with; without it
    only the task's `max_attempts` is a limit.

    Raises:
        InvalidRetryRule: at import, with the rule and what is wrong with it.
    """

    errors: Any
    wait: Any = USUAL
    attempts: int | None = None
    when: Callable[[Any], bool] | None = None

    def __post_init__(self) -> None:
        classes = self.errors if isinstance(self.errors, tuple) else (self.errors,)
        object.__setattr__(self, "errors", classes)
        for one in classes or (None,):
            if not (isinstance(one, type) and issubclass(one, BaseException)):
                raise InvalidRetryRule(f"{self}: {one!r} is no exception class.")
            if issubclass(one, TaskPredicate):
                raise InvalidRetryRule(f"{self}: {one.__name__} is no error, but a word to Celery.")
        if not _is_wait(self.wait):
            raise InvalidRetryRule(
                f"{self}: wait={self.wait!r} must be seconds, backoff(...), never, or a function "
                "of the error and the attempt."
            )
        if self.attempts is not None:
            check_attempts(self.attempts, f"{self}: attempts")
            if self.wait is never:
                raise InvalidRetryRule(f"{self}: never and attempts contradict each other.")
        if self.when is not None and not callable(self.when):
            raise InvalidRetryRule(f"{self}: when={self.when!r} must be a function of the error.")

    def __str__(self) -> str:
        return f"On({self.name})"

    def fits(self, error: BaseException) -> bool:
        """Whether the rule is for `error`. A `when` that fails itself says no."""
        if not isinstance(error, self.errors) or self.when is None:
            return isinstance(error, self.errors)
        try:
            return bool(self.when(error))
        except Exception:
            logger.exception("The condition of the rule for %s failed.", self.name)
            return False

    @property
    def name(self) -> str:
        """The errors as a sentence names them."""
        names = [getattr(one, "__name__", repr(one)) for one in self.errors]
        return " or ".join(names)


def on_database_away(wait: Wait = USUAL, attempts: int | None = None) -> On:
    """The rule for a database that is away, or read-only in a failover, as workers judge it.

    An error of the database that is the task's own fault does not fit.
    """
    errors = (DatabaseError, InterfaceError, DatabaseUnavailable)
    return On(errors, wait, attempts, when=is_away)


def _is_wait(wait: Any) -> bool:
    if isinstance(wait, int | float) and not isinstance(wait, bool):
        return 0 <= wait < math.inf
    return isinstance(wait, Backoff | _Never) or (callable(wait) and not isinstance(wait, type))


def check_attempts(value: Any, name: str) -> None:
    """Raise InvalidRetryRule unless `value` is a number of attempts."""
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise InvalidRetryRule(f"{name}={value!r} must be a whole number, 1 or more.")


def check_rules(rules: Any, task: str) -> tuple[On, ...]:
    """The rules of `task`, or InvalidRetryRule: one is none, or can never be reached."""
    if not isinstance(rules, Sequence) or not all(isinstance(rule, On) for rule in rules):
        raise InvalidRetryRule(f"retry_rules of {task} must be a tuple of On(...): {rules!r}.")
    for number, rule in enumerate(rules):
        whole = [other for other in rules[:number] if other.when is None]
        earlier = tuple(error for other in whole for error in other.errors)
        if earlier and all(issubclass(error, earlier) for error in rule.errors):
            raise InvalidRetryRule(
                f"retry_rules of {task}: rule {number + 1}, {rule}, is never reached, because the "
                "rules before it take all of its errors. Put the special ones first."
            )
    return tuple(rules)

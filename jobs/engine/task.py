"""The base class of every task. Somebody who adds a task writes an ordinary function."""

from collections.abc import Sequence
from typing import Any

from celery.canvas import _chain, chord, group
from celery.contrib.django.task import DjangoTask
from celery.exceptions import Ignore, Retry
from celery.utils.serialization import raise_with_context
from django.db import transaction

from jobs.engine import context
from jobs.engine.retries.retrying import add_rules, most_attempts, note, number_of
from jobs.engine.retries.verdicts import capped
from jobs.engine.retry_rules import On
from jobs.errors import ClaimLost
from jobs.operations.handover import hand_on


class JobTask(DjangoTask):
    """A task whose calls are jobs."""

    abstract = True
    _ruled = False
    #: Whether the API may call it (`@shared_task(public=True)`).
    public = False
    #: Every way in checks arguments against the signature, see jobs.engine.submit.submission.
    typing = False
    #: Which errors are worth another attempt, how many and when (jobs.engine.retry_rules).
    retry_rules: Sequence[On] = ()
    #: The most attempts there are, whatever rules and options say; None is without end.
    max_attempts: int | None = None
    #: Where messages become requests that are claimed before they run.
    Strategy = "jobs.engine.worker.strategy:collect"
    Request = "jobs.engine.pool.request:JobRequest"

    def add_rules(self) -> None:
        """Put `retry_rules` in force; called once, when the task is registered."""
        if not self._ruled:
            self._ruled = True
            add_rules(self)

    def retry(
        self, args: Any = None, kwargs: Any = None, exc: Any = None, *rest: Any, **options: Any
    ) -> Any:
        """Celery's own, within `max_attempts`; it is what autoretry calls as well."""
        attempt, most = number_of(self.request.__dict__), most_attempts(self, self.request.__dict__)
        if most is not None and attempt >= most and not self.request.called_directly:
            note(capped(attempt, most))
            if exc:
                raise_with_context(exc)
            raise self.MaxRetriesExceededError(capped(attempt, most))
        note("The task asked for another attempt (self.retry or autoretry_for).")
        try:
            return super().retry(args, kwargs, exc, *rest, **options)
        except Retry:
            raise
        except Exception:
            limit = options.get("max_retries") or self.max_retries
            note(f"Not tried again: it was attempt {attempt}, and max_retries is {limit}.")
            raise

    def replace(self, sig: Any) -> Any:
        """Become another task, or a whole chain, group or chord whose last step keeps the id."""
        attempt = context.current()
        if attempt is None or not isinstance(sig, _chain | group | chord):
            return super().replace(sig)  # raises Ignore
        replaced = None
        with transaction.atomic():
            if not hand_on(attempt.id, worker=attempt.worker, attempt=attempt.number):
                attempt.check_cancelled(at_once=True)
                raise ClaimLost
            try:
                super().replace(sig)
            except Ignore as ignored:
                replaced = ignored
        raise replaced or Ignore

    def apply_async(
        self, args: Any = None, kwargs: Any = None, task_id: Any = None, **options: Any
    ) -> Any:
        """Submit a call of this task; see Celery's documentation for the options.

        Raises:
            jobs.errors.InvalidArguments: they do not fit the signature, or are no JSON.
            jobs.errors.MessageTooLarge: they are larger than MAX_MESSAGE_BYTES.
            jobs.errors.DatabaseUnavailable: the database does not answer.
        """
        return super().apply_async(args, kwargs, task_id=task_id, **options)

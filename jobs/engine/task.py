"""The base class of every task. Somebody who adds a task writes an ordinary function."""

from typing import Any

from celery.canvas import _chain, chord, group
from celery.contrib.django.task import DjangoTask
from celery.exceptions import Ignore
from django.db import transaction

from jobs.engine import context
from jobs.errors import ClaimLost
from jobs.operations.handover import hand_on


class JobTask(DjangoTask):
    """A task whose calls are jobs."""

    abstract = True
    #: Whether the API may call it (`@shared_task(public=True)`).
    public = False
    #: Arguments are checked against the signature for every way in, see jobs.engine.submission.
    typing = False
    #: Where messages become requests that are claimed before they run.
    Strategy = "jobs.engine.strategy:collect"
    Request = "jobs.engine.request:JobRequest"

    def replace(self, sig: Any) -> Any:
        """Become another task, or a whole chain, group or chord whose last step keeps the id."""
        attempt = context.current()
        if attempt is None or not isinstance(sig, _chain | group | chord):
            return super().replace(sig)  # raises Ignore
        replaced = None
        with transaction.atomic():
            if not hand_on(attempt.id, worker=attempt.worker, attempt=attempt.number):
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

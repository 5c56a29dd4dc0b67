"""The base class of every task. Somebody who adds a task writes an ordinary function."""

from typing import Any

from celery.contrib.django.task import DjangoTask


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

    def apply_async(
        self, args: Any = None, kwargs: Any = None, task_id: Any = None, **options: Any
    ) -> Any:
        """Submit a call of this task; see Celery's documentation for the options.

        Raises:
            jobs.errors.InvalidArguments: they do not fit the signature, or are no JSON.
            jobs.errors.MessageTooLarge: they are larger than MAX_MESSAGE_BYTES.
            jobs.errors.DatabaseUnavailable: nothing was written.
        """
        return super().apply_async(args, kwargs, task_id=task_id, **options)

"""The Celery app: every way to submit ends in `send_task`.

Importable before Django is set up (config/__init__.py imports it): what needs tables is named by
a dotted name and loaded on first use, as Celery does with its own classes.
"""

from collections.abc import Callable
from functools import cached_property
from typing import Any

import django
from celery import Celery
from celery.utils.imports import symbol_by_name
from django.apps import apps

from jobs.engine.ids import new_id

#: Celery asks for these with every call. Its view of the settings takes 20 us to find that nobody
#: has set one; what stands in its first map takes one. They were a third of a `.delay()`.
_ASKED_WITH_EVERY_CALL = (
    "broker_pool_acquire_timeout",
    "task_always_eager",
    "task_default_queue",
    "task_repr_maxlevels",
    "task_send_sent_event",
)


class JobApp(Celery):
    """Celery, with the row written before the bell rings."""

    task_cls = "jobs.engine.task:JobTask"
    control_cls = "jobs.engine.control:JobControl"
    events_cls = "jobs.engine.events:JobEvents"

    def send_task(self, name: str, args: Any = None, kwargs: Any = None, **options: Any) -> Any:
        """Submit a job: `.delay()`, `apply_async`, canvas, Beat and the command line call this.

        Celery does all that it always does (routes, ids, parents, the message), but what it would
        publish goes to `jobs.engine.submit.submission`: a row now, the message after the commit.
        """
        for name_of_connection in ("connection", "producer", "publisher"):
            options.pop(name_of_connection, None)
        options["task_id"] = options.get("task_id") or new_id()
        recorder = self.new_recorder(self)
        result = super().send_task(name, args, kwargs, producer=recorder, **options)
        if recorder.job_id not in (None, result.id):
            return self.AsyncResult(recorder.job_id)  # a unique job that was there before
        return result

    def _task_from_fun(self, *args: Any, **options: Any) -> Any:
        """A task made of a function, with its retry rules around what autoretry calls."""
        return self._with_rules(super()._task_from_fun(*args, **options))

    def register_task(self, task: Any, **options: Any) -> Any:
        """A task that somebody has made of a class."""
        return self._with_rules(super().register_task(task, **options))

    @staticmethod
    def _with_rules(task: Any) -> Any:
        if hasattr(task, "add_rules"):  # ours; somebody may use a base class of his own
            task.add_rules()
        return task

    @cached_property
    def new_recorder(self) -> Callable[["JobApp"], Any]:
        """Makes what stands where Celery expects a producer."""
        self._set_up_django()
        recorder: Callable[[JobApp], Any] = symbol_by_name("jobs.engine.submit.submission:Recorder")
        return recorder

    def _load_config(self) -> Any:
        settings = super()._load_config()
        for name in _ASKED_WITH_EVERY_CALL:
            settings[name] = settings[name]
        return settings

    @cached_property
    def control(self) -> Any:
        """Remote control, with a durable revoke."""
        self._set_up_django()
        return super().control

    def _get_backend(self) -> Any:
        self._set_up_django()
        return super()._get_backend()

    @staticmethod
    def _set_up_django() -> None:
        """`celery call`, `celery result` and the like start no Django by themselves."""
        if not apps.ready:
            django.setup()

    def warm_up(self) -> None:
        """Load what the first submit of a process would load, before somebody waits for it."""
        _ = (self.new_recorder, self.backend, self.amqp.router, self.amqp.send_task_message)

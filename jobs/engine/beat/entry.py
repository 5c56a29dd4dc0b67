"""A row of django-celery-beat, as beat keeps it."""

from datetime import datetime
from typing import Any

from django_celery_beat.models import PeriodicTask
from django_celery_beat.schedulers import ModelEntry

from jobs.engine.beat.ticks import TickSchedule
from jobs.queries.schedule_health import begin_of_task


class JobEntry(ModelEntry):
    """A schedule by its moments, and the options of its jobs."""

    def __init__(self, model: PeriodicTask, app: Any = None) -> None:
        begin = begin_of_task(model)
        super().__init__(model, app=app)
        self.last_run_at: datetime = begin
        self.schedule: Any = TickSchedule(self.schedule, app=self.app)

    def options_for(self, tick: datetime) -> dict[str, Any]:
        """Options of the job that stands for `tick`."""
        return self.options_with(tick=tick.isoformat())

    def options_with(self, **ours: str) -> dict[str, Any]:
        """Every option that the schedule gives its jobs, and headers of ours."""
        headers = self.options["headers"] | {"schedule": self.name} | ours
        options: dict[str, Any] = self.options | {"headers": headers}
        return options

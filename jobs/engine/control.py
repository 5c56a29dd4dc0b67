"""`AsyncResult.revoke()` and `celery control revoke`, made durable."""

from typing import Any

from celery.app.control import Control

from jobs.engine.actions.job_actions import cancel_jobs


class JobControl(Control):
    """Celery's remote control, where a revoke is kept on the row."""

    def revoke(
        self,
        task_id: Any,
        destination: Any = None,
        terminate: bool = False,
        signal: str = "SIGTERM",
        **kwargs: Any,
    ) -> Any:
        """Cancel jobs that wait, also when no worker is up; with `terminate`, running ones too."""
        ids = [task_id] if isinstance(task_id, str) else list(task_id)
        cancel_jobs(ids, by="celery revoke", running=terminate)
        return super().revoke(
            task_id, destination=destination, terminate=terminate, signal=signal, **kwargs
        )

"""The tasks that ship with Hachi. Celery finds only what is imported here."""

from jobs.tasks import images, pages, pipeline, pipeline_chunks, pipelines, schedules, sessions

__all__ = ["images", "pages", "pipeline", "pipeline_chunks", "pipelines", "schedules", "sessions"]

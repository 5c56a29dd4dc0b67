"""The tasks that ship with Hachi. Celery finds only what is imported here."""

from jobs.tasks import images, pages, schedules, sessions

__all__ = ["images", "pages", "schedules", "sessions"]

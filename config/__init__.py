"""Wiring only: settings, the Celery app, URLs. Nothing imports this package but the processes."""

from config.celery import app as celery_app

__all__ = ["celery_app"]

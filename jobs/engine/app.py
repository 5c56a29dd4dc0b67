"""The Celery app: every way to submit ends here.

Importable before Django is set up (config/__init__.py does): whatever needs tables is named by a
dotted name and loaded on first use, as Celery does with its own classes.
"""

from celery import Celery


class JobApp(Celery):
    """Celery, with the row written before the bell rings."""

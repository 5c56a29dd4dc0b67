"""Django's settings for Celery with django-celery-results, at its best.

Connections are kept, results are written without waiting for the disk, and Redis is not asked to
keep what a worker has taken: all that Hachi does as well, and that costs such a project safety.
"""

import os

import dj_database_url

SECRET_KEY = "no secret: a benchmark"
INSTALLED_APPS = ["django_celery_results"]
DATABASES = {"default": dj_database_url.parse(os.environ["DATABASE_URL"], conn_max_age=300)}  # noqa: TID251 - not our settings
DATABASES["default"]["OPTIONS"] = {"options": "-c synchronous_commit=off"}
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

CELERY_BROKER_URL = os.environ["REDIS_URL"]  # noqa: TID251 - not our settings
CELERY_BROKER_TRANSPORT_OPTIONS = {"ack_emulation": False}
CELERY_WORKER_PREFETCH_MULTIPLIER = 64
CELERY_RESULT_BACKEND = "django-db"
CELERY_DB_REUSE_MAX = 1_000_000  # without it, the fixup reconnects twice for every task
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True

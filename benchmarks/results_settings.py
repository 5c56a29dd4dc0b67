"""Django's settings for Celery with django-celery-results, at its best: connections are kept."""

import os

import dj_database_url

SECRET_KEY = "no secret: a benchmark"
INSTALLED_APPS = ["django_celery_results"]
DATABASES = {"default": dj_database_url.parse(os.environ["DATABASE_URL"], conn_max_age=300)}  # noqa: TID251 - not our settings
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

CELERY_BROKER_URL = os.environ["REDIS_URL"]  # noqa: TID251 - not our settings
CELERY_RESULT_BACKEND = "django-db"
CELERY_DB_REUSE_MAX = 1_000_000  # without it, the fixup reconnects twice for every task
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True

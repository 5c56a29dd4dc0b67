"""Every setting, in one file for development and production; the environment decides.

Each variable is typed (config/env.py) and stands with a comment in .env.example; a test compares
the two. Combinations that cannot work are Django system checks in jobs/checks.py.
"""

from typing import Any

import dj_database_url

from config import env

BASE_DIR = env.ROOT
VAR_DIR = env.folder("VAR_DIR", BASE_DIR / "var")

# --- Django ----------------------------------------------------------------------------------
DEBUG = env.boolean("DEBUG", False)
SECRET_KEY = env.generated_secret("SECRET_KEY", VAR_DIR / "secret-key")
ALLOWED_HOSTS = env.listing("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]")
CSRF_TRUSTED_ORIGINS = env.listing("CSRF_TRUSTED_ORIGINS")
HTTPS = env.boolean("HTTPS", False)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^healthz$"]  # probes speak plain HTTP
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
# Where the site stands for people outside: links in mails and in API answers.
PUBLIC_URL = env.text("PUBLIC_URL").rstrip("/")

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.humanize",
    "django.contrib.staticfiles",
    "django_celery_beat",
    "django_htmx",
    "jobs",
    "reports",
    "drill",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "jobs.web.outage.OutageMiddleware",
]
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "jobs.web.pauses.active",
            ],
        },
    },
]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "login"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator")
]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

LANGUAGE_CODE = env.text("LANGUAGE_CODE", "en")
TIME_ZONE = env.text("TIME_ZONE", "UTC")
USE_TZ = True
USE_I18N = True

STATIC_URL = "static/"
STATIC_ROOT = env.folder("STATIC_ROOT", VAR_DIR / "static")
MEDIA_URL = "media/"
MEDIA_ROOT = env.folder("MEDIA_ROOT", VAR_DIR / "media")
FILE_UPLOAD_TEMP_DIR = env.folder("UPLOAD_TEMP_DIR", VAR_DIR / "tmp")
STORAGES: dict[str, Any] = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    # What pipelines make, unless it goes elsewhere.
    "results": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": env.folder("PIPELINE_FOLDER", VAR_DIR / "results")},
    },
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedStaticFilesStorage"},
}
# Static files are served from where they lie until somebody runs collectstatic.
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = DEBUG

# --- Database: the truth ---------------------------------------------------------------------
DATABASE_URL = env.text("DATABASE_URL", f"sqlite:///{VAR_DIR / 'hachi.sqlite3'}")
DATABASES: dict[str, Any] = {
    "default": dj_database_url.parse(DATABASE_URL, conn_max_age=300, conn_health_checks=True)
}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    DATABASES["default"]["OPTIONS"] = {
        # Take the write lock at BEGIN: a deferred transaction that upgrades later fails at once
        # with "database is locked", however long the timeout.
        "transaction_mode": "IMMEDIATE",
        "timeout": 30,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; "
        "PRAGMA mmap_size=134217728; PRAGMA cache_size=-16000;",
    }
    # A test database in a file: the processes that acceptance tests start must see it.
    DATABASES["default"]["TEST"] = {"NAME": str(VAR_DIR / "test.sqlite3")}

else:
    # A database that hangs must not hang a request for ever, and one whose machine is gone without
    # a word must be noticed: TCP alone waits a quarter of an hour for the answer to a query.
    DATABASES["default"].setdefault("OPTIONS", {}).update(
        connect_timeout=5,
        tcp_user_timeout=20_000,  # milliseconds
        keepalives_idle=10,
        keepalives_interval=5,
        keepalives_count=2,
    )

# --- Redis: the bell -------------------------------------------------------------------------
REDIS_URL = env.text("REDIS_URL", env.noted(VAR_DIR / "redis-url", "redis://127.0.0.1:6379/0"))
# How long a view may wait for Redis before it answers without: the dispatcher publishes later.
REDIS_TIMEOUT = env.seconds("REDIS_TIMEOUT", 0.4, least=0.05)

# --- The life of a job -----------------------------------------------------------------------
HACHI_LEASE_SECONDS = env.seconds("LEASE_SECONDS", 15, least=3)
HACHI_MAX_CRASHES = env.integer("MAX_CRASHES", 3, least=1)
HACHI_CANCEL_GRACE_SECONDS = env.seconds("CANCEL_GRACE_SECONDS", 10)
# Kubernetes and Heroku kill what has not ended 30 s after TERM: 25 leave 5 for the last writes.
HACHI_STOP_SECONDS = env.seconds("STOP_SECONDS", 25)
# For drills only: without the rescue, the drill must report losses (docs/drill.md).
HACHI_RESCUE = env.boolean("RESCUE", True)
HACHI_KEEP_SUCCEEDED_DAYS = env.seconds("KEEP_SUCCEEDED_DAYS", 7)
HACHI_KEEP_FAILED_DAYS = env.seconds("KEEP_FAILED_DAYS", 30)
HACHI_QUEUE_WEIGHTS = env.weights("QUEUE_WEIGHTS")
HACHI_MAX_MESSAGE_BYTES = env.integer("MAX_MESSAGE_BYTES", 1_048_576, least=1024)

# --- Pipelines -------------------------------------------------------------------------------
# Where results may go, by the name that people choose: a Django storage of STORAGES, or a bucket.
# Credentials stand here and nowhere else. Add as many as you like.
HACHI_PIPELINE_DESTINATIONS: dict[str, Any] = {"local": {"storage": "results"}}
if env.text("PIPELINE_S3_BUCKET"):
    HACHI_PIPELINE_DESTINATIONS["s3"] = {
        "s3": {
            "bucket": env.text("PIPELINE_S3_BUCKET"),
            "endpoint": env.text("PIPELINE_S3_ENDPOINT"),
            "region": env.text("PIPELINE_S3_REGION", "us-east-1"),
            "key": env.text("PIPELINE_S3_KEY"),
            "secret": env.text("PIPELINE_S3_SECRET"),
        }
    }
HACHI_PIPELINE_MOST_URLS = env.integer("PIPELINE_MOST_URLS", 100_000, least=1)
# The most addresses that one job works on; the jobs of a small pipeline have fewer.
HACHI_PIPELINE_CHUNK = env.integer("PIPELINE_CHUNK", 250, least=1)
# All workers together, for each host: requests at a time, and seconds between two starts.
HACHI_PIPELINE_HOST_CONCURRENCY = env.integer("PIPELINE_HOST_CONCURRENCY", 8, least=1)
HACHI_PIPELINE_HOST_INTERVAL = env.seconds("PIPELINE_HOST_INTERVAL", 0)
HACHI_PIPELINE_KEEP_DOWNLOADS_DAYS = env.seconds("PIPELINE_KEEP_DOWNLOADS_DAYS", 1)
HACHI_KEEP_PIPELINES_DAYS = env.seconds("KEEP_PIPELINES_DAYS", 30)
# Forms and JSON in memory: the list of a large pipeline is pasted as text.
DATA_UPLOAD_MAX_MEMORY_SIZE = 16 * 1024 * 1024

# --- The work it ships with ------------------------------------------------------------------
HACHI_UPLOAD_MAX_BYTES = env.integer("UPLOAD_MAX_BYTES", 40 * 1024 * 1024, least=1024)
# Development only: lets index_url fetch from loopback, with any port. Never on a shared machine.
HACHI_FETCH_ALLOW_LOOPBACK = env.boolean("FETCH_ALLOW_LOOPBACK", False)
HACHI_FETCH_SECONDS = env.seconds("FETCH_SECONDS", 20, least=1)
HACHI_REPORT_RECIPIENTS = env.listing("REPORT_RECIPIENTS")

EMAIL_HOST = env.text("EMAIL_HOST")
EMAIL_PORT = env.integer("EMAIL_PORT", 25)
EMAIL_HOST_USER = env.text("EMAIL_HOST_USER")
EMAIL_HOST_PASSWORD = env.text("EMAIL_HOST_PASSWORD")
EMAIL_USE_TLS = env.boolean("EMAIL_USE_TLS", False)
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = SERVER_EMAIL = env.text("EMAIL_FROM", "hachi@localhost")

# --- Celery ----------------------------------------------------------------------------------
CELERY_BROKER_URL = REDIS_URL
CELERY_BROKER_TRANSPORT = "jobs.engine.broker.transport:Transport"
CELERY_BROKER_TRANSPORT_OPTIONS = {
    # The rows acknowledge; Redis spends two round trips less per job (docs/adr/0001).
    "ack_emulation": False,
    # All ten priorities have a list of their own, highest first (jobs/engine/broker/transport.py).
    "priority_steps": list(range(10)),
    # A worker that serves several queues shares itself among them by these.
    "queue_weights": HACHI_QUEUE_WEIGHTS,
    # A worker's main loop stands still for no longer than this when Redis hangs.
    "socket_timeout": 2,
    "socket_connect_timeout": 2,
    "socket_keepalive": True,
    "health_check_interval": 10,
}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None  # wait for Redis as long as it takes
CELERY_RESULT_BACKEND = "jobs.engine.results:JobBackend"
CELERY_BEAT_SCHEDULER = "jobs.engine.beat.scheduler:JobScheduler"
CELERY_BEAT_MAX_LOOP_INTERVAL = 5
CELERY_RESULT_EXPIRES = None  # jobs.cleanup_old_sessions does it, by outcome
CELERY_TIMEZONE = TIME_ZONE
CELERY_TASK_TRACK_STARTED = False  # the row has it
CELERY_TASK_DEFAULT_PRIORITY = 5
CELERY_TASK_STORE_ERRORS_EVEN_IF_IGNORED = True
CELERY_WORKER_POOL = env.choice("WORKER_POOL", "prefork", ("prefork", "threads", "solo"))
CELERY_WORKER_CONCURRENCY = env.integer("WORKER_CONCURRENCY", 2, least=1)
CELERY_WORKER_CONSUMER = "jobs.engine.worker.consumer:JobConsumer"
CELERY_WORKER_PREFETCH_MULTIPLIER = env.integer("WORKER_PREFETCH", 2, least=1)
CELERY_WORKER_MAX_MEMORY_PER_CHILD = env.integer("WORKER_MAX_CHILD_KB", 400_000)
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = False  # the rows make it unnecessary
CELERY_WORKER_ENABLE_PREFETCH_COUNT_REDUCTION = False  # a job is claimed, so never run twice
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_DB_REUSE_MAX = 1_000_000  # jobs/engine/pool/attempt.py minds the connection, not the fixup

# --- Logging ---------------------------------------------------------------------------------
LOG_LEVEL = env.choice("LOG_LEVEL", "INFO", ("DEBUG", "INFO", "WARNING", "ERROR"))
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "filters": {
        # /healthz says 503 as often as somebody asks while a part is down: no news for the log.
        "no_503": {
            "()": "django.utils.log.CallbackFilter",
            "callback": lambda record: getattr(record, "status_code", None) != 503,
        }
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
    "loggers": {
        "django.server": {"level": "WARNING"},
        "pyvips": {"level": "WARNING"},  # it tells every step of every picture
        "django.request": {"filters": ["no_503"]},
    },
}

"""Settings that cannot work together, as Django system checks with ids and hints."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register

TRANSPORT = "jobs.engine.broker.transport:Transport"
_LOOPBACK = {"localhost", "127.0.0.1", "[::1]", "testserver"}


@register()
def check_settings(app_configs: Sequence[Any] | None, **_: Any) -> list[CheckMessage]:
    """Every check of this project."""
    found = (
        _transport(),
        _acknowledgement(),
        _loopback_downloads(),
        _plain_http(),
        _mail(),
        _retention(),
        _time_limits(),
        _body_size(),
        _buckets(),
    )
    return [message for message in found if message is not None]


def _transport() -> CheckMessage | None:
    if settings.CELERY_BROKER_TRANSPORT == TRANSPORT:
        return None
    return Error(
        "CELERY_BROKER_TRANSPORT is not Hachi's.",
        hint=f"Set it to {TRANSPORT!r}: it serves priorities in order and survives garbage.",
        id="hachi.E001",
    )


def _acknowledgement() -> CheckMessage | None:
    if settings.CELERY_BROKER_TRANSPORT_OPTIONS.get("ack_emulation") is False:
        return None
    return Error(
        "The transport acknowledges messages in Redis.",
        hint="Set ack_emulation to False: the rows acknowledge, and Redis would deliver again.",
        id="hachi.E002",
    )


def _loopback_downloads() -> CheckMessage | None:
    if not settings.HACHI_FETCH_ALLOW_LOOPBACK or settings.DEBUG:
        return None
    return Warning(
        "FETCH_ALLOW_LOOPBACK lets anybody who may index a page read this machine's own services.",
        hint="Unset it, or set DEBUG if this is a development machine.",
        id="hachi.W001",
    )


def _plain_http() -> CheckMessage | None:
    if settings.HTTPS or set(settings.ALLOWED_HOSTS) <= _LOOPBACK:
        return None
    return Warning(
        "The site is reached from outside without HTTPS: passwords and tokens travel in the clear.",
        hint="Put it behind a proxy that speaks TLS and set HTTPS=true.",
        id="hachi.W002",
    )


def _mail() -> CheckMessage | None:
    if settings.EMAIL_HOST or not settings.HACHI_REPORT_RECIPIENTS:
        return None
    return Warning(
        "REPORT_RECIPIENTS names people, but there is no EMAIL_HOST to send their mail with.",
        hint="Set EMAIL_HOST, or unset REPORT_RECIPIENTS.",
        id="hachi.W003",
    )


def _retention() -> CheckMessage | None:
    if min(settings.HACHI_KEEP_SUCCEEDED_DAYS, settings.HACHI_KEEP_FAILED_DAYS) >= 2:
        return None
    return Warning(
        "Finished jobs are deleted before the daily report has counted them.",
        hint="Set KEEP_SUCCEEDED_DAYS and KEEP_FAILED_DAYS to 2 or more.",
        id="hachi.W004",
    )


def _time_limits() -> CheckMessage | None:
    # The worker warns at its start, too: `-P` may choose another pool (jobs.engine.worker.limits).
    if settings.CELERY_WORKER_POOL == "prefork":
        return None
    ends = {
        "solo": "at a hard time limit the worker itself exits, and must be started again",
        "threads": "hard time limits do nothing, and soft ones wait until the task looks",
    }
    pool = settings.CELERY_WORKER_POOL
    return Warning(
        f"WORKER_POOL={pool} cannot end a job: {ends[pool]}. A cancel waits until the task looks.",
        hint="Use prefork for jobs that may hang, and this pool for a queue of its own.",
        id="hachi.W005",
    )


def _body_size() -> CheckMessage | None:
    if settings.HACHI_MAX_MESSAGE_BYTES <= settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
        return None
    return Warning(
        "MAX_MESSAGE_BYTES is larger than what Django takes in a request.",
        hint="Set DATA_UPLOAD_MAX_MEMORY_SIZE to at least as much.",
        id="hachi.W006",
    )


def _buckets() -> CheckMessage | None:
    known = settings.HACHI_PIPELINE_DESTINATIONS
    bare = [
        name
        for name, options in known.items()
        if "s3" in options and not (options["s3"].get("key") and options["s3"].get("secret"))
    ]
    if not bare:
        return None
    return Warning(
        f"The bucket of {', '.join(sorted(bare))} has no key or no secret: it takes nothing.",
        hint="Set PIPELINE_S3_KEY and PIPELINE_S3_SECRET, or unset PIPELINE_S3_BUCKET.",
        id="hachi.W007",
    )

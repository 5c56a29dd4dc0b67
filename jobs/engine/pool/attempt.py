"""One attempt in the pool's process or thread: Celery's tracer, with our context around it."""

import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from celery import current_app
from celery.app.trace import fast_trace_task, trace_task_ret
from django.db import connections
from django.utils import timezone

from jobs.engine import context
from jobs.engine.pool import alarm
from jobs.engine.pool.sealed import seal
from jobs.operations.logs import Line

#: What Celery's tracer returns, and our report.
Outcome = tuple[int, Any, float, context.Report]
#: The arguments of `run_attempt`.
Call = tuple[tuple[int, str, float | None], str, str, dict[str, Any], Any, str, str]


def run_attempt(
    lease: tuple[int, str, float | None],
    task: str,
    id: str,
    request: dict[str, Any],
    body: Any,
    content_type: str,
    content_encoding: str,
) -> Outcome:
    """Run `task` once.

    `lease` is the number of the attempt, the worker that claimed it, and the soft time limit in
    seconds where the pool does not see to it.
    """
    number, worker, soft_limit = lease
    now = timezone.now()
    report = context.Report(now, now)
    attempt = context.Attempt(id, number, worker, report, request.get("batch") or "")
    trace = fast_trace_task if current_app.use_fast_trace_task else trace_task_ret
    _refresh_connections()
    context.enter(attempt)
    try:
        if soft_limit:
            alarm.arm(attempt, soft_limit)
        failed, value, runtime = trace(task, id, request, body, content_type, content_encoding)
    finally:
        if soft_limit:
            alarm.disarm(attempt)
        context.leave()
    return failed, value, runtime, attempt.close()


def run_apart(*call: Any) -> Outcome:
    """The same in a child of a prefork pool: its parent may not know the class of an error."""
    failed, value, runtime, report = run_attempt(*call)
    return failed, seal(value) if failed else value, runtime, report


def _refresh_connections() -> None:
    """Close connections that broke or are too old, as Django does around a request.

    Celery's fixup would close every connection before and after every task: with PostgreSQL that
    made a job 5 to 8 times slower. CELERY_DB_REUSE_MAX keeps it from doing so.
    """
    for connection in connections.all(initialized_only=True):
        connection.close_if_unusable_or_obsolete()


class JobLogHandler(logging.Handler):
    """Keeps on the job what is logged while it runs, whoever logs it."""

    def emit(self, record: logging.LogRecord) -> None:
        attempt = context.current()
        if attempt is None or record.name.startswith(_OTHERS):
            return
        try:
            text = record.getMessage()
            if record.exc_info and self.formatter is None:
                text = logging.Formatter().format(record)
        except Exception:  # noqa: BLE001 - a broken log call must not fail the job
            self.handleError(record)
            return
        at = datetime.fromtimestamp(record.created, tz=UTC)
        attempt.add_line(Line(at, record.levelname, text[:8_000]))


#: Celery tells of the start and the end of a task; the row has that.
_OTHERS = ("celery.app.trace", "celery.worker", "kombu", "django.db", "jobs.engine")


def install_log_handler(**_: Mapping[str, Any]) -> None:
    """Add the handler to the root logger of a worker's process, once."""
    root = logging.getLogger()
    if not any(isinstance(handler, JobLogHandler) for handler in root.handlers):
        root.addHandler(JobLogHandler(level=logging.INFO))

"""Jobs of a day, written straight into the table."""

from datetime import UTC, date, datetime, timedelta
from itertools import count
from zoneinfo import ZoneInfo

from jobs.models import Attempt, Job

DAY = date(2026, 3, 29)
BERLIN, TOKYO, GREENWICH = ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Tokyo"), ZoneInfo("UTC")
NOON = datetime(2026, 3, 29, 12, tzinfo=UTC)
NEXT_DAY = datetime(2026, 3, 30, 12, tzinfo=UTC)

_numbers = count()


def job(finished_at=NOON, *, state="succeeded", seconds=1.0, waited=0.5, **columns):
    """A job that ended at `finished_at`, ran so many seconds, and waited before that."""
    started_at = finished_at - timedelta(seconds=seconds)
    due = started_at - timedelta(seconds=waited)
    values = {
        "id": f"job-{next(_numbers)}",
        "task": "shop.pay",
        "queue": "default",
        "state": state,
        "message": "{}",
        "attempt": 1,
        "created_at": due,
        "run_at": due,
        "started_at": started_at,
        "finished_at": finished_at,
    }
    return Job.objects.create(**(values | columns))


def failure(finished_at=NOON, *, kind="ValueError", message="no", **columns):
    return job(finished_at, state="failed", error_type=kind, error_message=message, **columns)


def unfinished(created_at=NOON, **columns):
    values = {"created_at": created_at, "run_at": created_at, "state": "queued"}
    return Job.objects.create(
        id=f"job-{next(_numbers)}",
        **({"task": "shop.pay", "queue": "default", "message": "{}"} | values | columns),
    )


def attempt(of, outcome="retried", finished_at=NOON):
    return Attempt.objects.create(job=of, number=1, outcome=outcome, finished_at=finished_at)

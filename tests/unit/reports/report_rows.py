"""Rows for the build, without a database."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Row:
    id: str = "1"
    task: str = "shop.pay"
    state: str = "succeeded"
    attempt: int = 1
    created_at: datetime = NOON
    run_at: datetime = NOON
    started_at: datetime | None = NOON
    finished_at: datetime = NOON + timedelta(seconds=1)
    error_type: str = ""
    error_message: str = ""
    error_fingerprint: str = ""
    schedule: str = ""


@dataclass(frozen=True)
class Attempts:
    task: str
    outcome: str
    count: int


@dataclass(frozen=True)
class Schedule:
    name: str
    task: str = "shop.pay"
    timing: str = "every hour"
    enabled: bool = True

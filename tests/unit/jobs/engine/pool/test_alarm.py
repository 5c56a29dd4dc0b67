"""Soft limits in a thread, which nothing can interrupt."""

import threading
import time

import pytest
from celery.exceptions import SoftTimeLimitExceeded
from django.utils import timezone

from jobs.engine import context
from jobs.engine.pool import alarm


@pytest.fixture
def attempt(monkeypatch):
    monkeypatch.setattr(context, "cancel_requested", lambda id: False)
    now = timezone.now()
    return context.Attempt("j", 1, "w", context.Report(now, now))


def armed_in_a_thread(attempt, seconds):
    thread = threading.Thread(target=alarm.arm, args=(attempt, seconds))
    thread.start()
    thread.join()


def test_a_task_that_looks_in_time_goes_on(attempt):
    armed_in_a_thread(attempt, 60)
    attempt.check_cancelled()


def test_a_task_that_looks_too_late_is_told_once(attempt):
    armed_in_a_thread(attempt, 1e-9)
    assert attempt.soft_deadline < time.monotonic()
    with pytest.raises(SoftTimeLimitExceeded):
        attempt.check_cancelled()
    attempt.check_cancelled()

"""Soft limits in a thread, which nothing can interrupt."""

import signal
import sys
import threading
import time
from unittest.mock import Mock

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


def test_an_alarm_that_goes_off_while_it_is_taken_back_troubles_nobody_after(attempt, monkeypatch):
    monkeypatch.setattr(signal, "setitimer", timer := Mock())
    alarm.arm(attempt, 60)
    alarm.disarm(attempt)
    alarm._on_alarm(signal.SIGALRM, sys._getframe())
    assert [call.args[1] for call in timer.call_args_list] == [60, 0]

"""Soft time limits where the pool does not see to them.

A solo worker runs its job in the main thread, which an alarm interrupts. A thread cannot be
interrupted: its task learns of the limit when it looks (`check_cancelled`).
"""

import signal
import threading
import time
from types import FrameType

from celery.exceptions import SoftTimeLimitExceeded

from jobs.engine.context import Attempt

#: What interrupts Celery's own lines around a task comes again, when the task may be running.
_AGAIN_SECONDS = 0.01

#: The attempt whose soft limit the alarm is for.
_armed_for: Attempt | None = None


def arm(attempt: Attempt, seconds: float) -> None:
    """The soft limit of an attempt that is about to run in this thread."""
    global _armed_for
    if threading.current_thread() is threading.main_thread():
        _armed_for = attempt
        signal.signal(signal.SIGALRM, _on_alarm)
        signal.setitimer(signal.ITIMER_REAL, seconds)
    else:
        attempt.soft_deadline = time.monotonic() + seconds


def disarm(attempt: Attempt) -> None:
    """The attempt is over."""
    global _armed_for
    if _armed_for is attempt:
        _armed_for = None  # first: the alarm may go off before the next line has its effect
        signal.setitimer(signal.ITIMER_REAL, 0)


def _on_alarm(_number: int, frame: FrameType | None) -> None:
    if _armed_for is None:
        return
    if not _is_in_task(frame):
        signal.setitimer(signal.ITIMER_REAL, _AGAIN_SECONDS)
        return
    raise SoftTimeLimitExceeded


def _is_in_task(frame: FrameType | None) -> bool:
    """Whether `frame` was called, at some depth, by Celery's tracer, and is not the tracer's."""
    caller = frame.f_back if frame and not _is_tracer(frame) else None
    while caller is not None:
        if _is_tracer(caller):
            return True
        caller = caller.f_back
    return False


def _is_tracer(frame: FrameType) -> bool:
    return frame.f_globals.get("__name__") == "celery.app.trace"

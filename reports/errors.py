"""Why a report was not made."""

from jobs.errors import HachiError


class BadDay(HachiError):
    """This is no day that can be reported on. Write a day as 2026-03-29."""


class FutureDay(BadDay):
    """This day has not begun yet."""


class DayTooEarly(BadDay):
    """There were no jobs before 1970."""


class ReportNotFound(HachiError):
    """No report has been made of this day."""

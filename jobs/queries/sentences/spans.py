"""Spans and moments in words. Pure."""

from datetime import datetime, timedelta

from django.utils import timezone


def spell(span: timedelta) -> str:
    """How long, as one says it: 42 ms, 0.4 s, 12 s, 3 min, 2 h 5 min, 3 days."""
    seconds = max(span.total_seconds(), 0.0)
    if seconds == 0:
        return "0 s"
    if seconds < 0.0995:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 9.95:
        return f"{seconds:.1f} s".replace(".0 s", " s")
    if seconds < 59.5:
        return f"{seconds:.0f} s"
    minutes = max(int(seconds // 60), 1)
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    return f"{hours // 24} days"


def compared(ahead: float) -> str:
    """A clock against the database's, by how many seconds it is ahead or (below 0) behind."""
    side = "ahead of" if ahead > 0 else "behind"
    return f"{spell(timedelta(seconds=abs(ahead)))} {side} the database's"


def count_of(number: int, noun: str) -> str:
    """1 job, 3 jobs."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def clock(moment: datetime, now: datetime, *, seconds: bool = False) -> str:
    """The time of day in the site's zone, with the day if it is another one."""
    local, today = timezone.localtime(moment), timezone.localtime(now)
    time = f"{local:%H:%M:%S}" if seconds else f"{local:%H:%M}"
    if local.date() == today.date():
        return time
    if local.year == today.year:
        return f"{time} on {local.day} {local:%b}"
    return f"{time} on {local.day} {local:%b %Y}"


def ago(moment: datetime, now: datetime) -> str:
    """How long it is since `moment`."""
    return spell(whole(now - moment))


def until(moment: datetime, now: datetime) -> str:
    """How long it is to `moment`."""
    return spell(whole(moment - now))


def whole(span: timedelta) -> timedelta:
    """Whole seconds: what counts up or down on a page has no use for tenths."""
    return timedelta(seconds=max(int(span.total_seconds()), 0))

"""Why a job waits that could run: a lane, its rate, a pause, a successor. Pure."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from jobs.models import Job, Lane, Pause
from jobs.queries.sentences.facts import Facts
from jobs.queries.sentences.spans import ago, clock, count_of, spell, until


def in_line(job: Job, facts: Facts) -> str:
    """It waits for its turn in a lane."""
    text = f"Waits for its turn in lane {job.lane}"
    if facts.lane is None:
        return f"{text}."
    taken = f"{facts.taken} of {facts.lane.width:,} places {_is_or_are(facts.taken)} taken"
    if not facts.ahead:
        return f"{text}: it is next, {taken}."
    more = "more than " if facts.ahead_is_capped else ""
    number = count_of(facts.ahead, "job")
    return f"{text}: {more}{number} {_is_or_are(facts.ahead)} before it, {taken}."


def at_the_rate(job: Job, facts: Facts, now: datetime) -> str:
    """It has its turn in a lane, and the rate of the lane says when it starts."""
    rate = f"lane {job.lane} lets {_rate(facts.lane)}" if facts.lane else f"lane {job.lane}"
    if job.run_at <= now:
        return f"It may start ({rate}): it goes into queue {job.queue} in a moment."
    left = until(job.run_at, now)
    return f"Waits until {clock(job.run_at, now, seconds=True)} (in {left}): {rate}."


def held(job: Job, pauses: Sequence[Pause], now: datetime) -> str:
    """It is paused."""
    if not pauses:
        return f"Held by a pause that has ended: it goes into queue {job.queue} in a moment."
    return f"Held: {_told(pauses, now)}"


def held_later(pauses: Sequence[Pause], now: datetime) -> str:
    """It waits for something else, and will be paused when that has come. Empty if it will not."""
    return f" After that it is held: {_told(pauses, now)}" if pauses else ""


def paused(pause: Pause, now: datetime) -> str:
    """Who paused what, when and why; without a full stop."""
    text = f"{pause.paused_by or 'somebody'} paused {pause.kind} {pause.value}"
    text += f" {ago(pause.created_at, now)} ago"
    return f'{text}: "{pause.reason}"' if pause.reason else text


def _told(pauses: Sequence[Pause], now: datetime) -> str:
    text = "; ".join(paused(pause, now) for pause in pauses)
    text += f". It goes on when somebody resumes {'it' if len(pauses) == 1 else 'all of them'}"
    ends = [pause.until for pause in pauses if pause.until]
    if len(ends) == len(pauses):
        text += f", or by itself at {clock(max(ends), now)}"
    return f"{text}."


def _rate(lane: Lane | None) -> str:
    if lane is None or lane.rate_count is None or lane.rate_seconds is None:
        return "it start then"  # the limit was lifted after it was put down for that moment
    number = count_of(lane.rate_count, "job")
    return f"{number} start every {spell(timedelta(seconds=lane.rate_seconds))}"


def _is_or_are(number: int) -> str:
    return "is" if number == 1 else "are"

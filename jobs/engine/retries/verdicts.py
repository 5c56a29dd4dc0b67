"""What the retry rules of a task make of an error, and why, in words. Pure."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from jobs.engine.retry_rules import USUAL, Backoff, On, never


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a rule makes of an error, and why, in a sentence."""

    #: Seconds to the next attempt; None for no more.
    wait: float | None
    why: str


def judge(
    rules: Sequence[On], error: BaseException, *, job: str, attempt: int, most: int | None
) -> Verdict | None:
    """What the first rule that fits says of attempt number `attempt`; None if none fits.

    `most` is the job's `max_attempts`.
    """
    rule = next((rule for rule in rules if rule.fits(error)), None)
    if rule is None:
        return None
    if rule.wait is never:
        return Verdict(None, f"Not tried again: the rule for {rule.name} says never.")
    if rule.attempts is not None and attempt >= rule.attempts:
        allowed = f"the rule for {rule.name} allows {rule.attempts}"
        return Verdict(None, f"Not tried again: it was attempt {attempt}, and {allowed}.")
    if most is not None and attempt >= most:
        return Verdict(None, capped(attempt, most))
    wait, remark = _wait(rule, error, job, attempt)
    limits = [limit for limit in (rule.attempts, most) if limit is not None]
    of = f" of {min(limits)}" if limits else ""
    return Verdict(wait, f"Attempt {attempt}{of} by the rule for {rule.name}.{remark}")


def capped(attempt: int, most: int) -> str:
    """Why there is no attempt after the last that `max_attempts` allows."""
    return f"Not tried again: it was attempt {attempt}, and max_attempts is {most}."


def _wait(rule: On, error: BaseException, job: str, attempt: int) -> tuple[float, str]:
    """Seconds, and a remark if the rule's own function gave none."""
    if isinstance(rule.wait, Backoff):
        return rule.wait.seconds(attempt, _share(job, attempt)), ""
    if not callable(rule.wait):
        return float(rule.wait), ""
    try:
        seconds = float(rule.wait(error, attempt))
        remark = "" if 0 <= seconds < math.inf else f" Its wait failed ({seconds} s)"
    except Exception as broken:  # noqa: BLE001 - the job must not be lost for it
        seconds, remark = math.nan, f" Its wait failed ({type(broken).__name__}: {broken})"
    if remark:
        return USUAL.seconds(attempt, _share(job, attempt)), f"{remark}: the usual one is taken."
    return seconds, ""


def _share(job: str, attempt: int) -> float:
    """A number from 0 to 1, the same for the same attempt of the same job."""
    digest = sha256(f"{job}/{attempt}".encode()).digest()
    return int.from_bytes(digest[:8]) / 2**64

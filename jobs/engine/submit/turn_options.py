"""Lane and uniqueness, as a caller or a task asks for them.

    apply_async(..., lane="order-17")                     strict order for that key
    apply_async(..., lane="resize", lane_width=4)         at most four at a time, everywhere
    apply_async(..., lane="example.org", lane_rate="2/s") evenly spaced starts; two at a time
    apply_async(..., unique=True)                         by arguments, while it is unfinished
    apply_async(..., unique="shop-7", unique_for=60)      by key, for a minute
    apply_async(..., unique="shop-7", unique_for="waiting", on_conflict="replace")
    apply_async(..., idempotency_key="payment-93")        the first handle, as long as the row lives

The same names are options of `@shared_task`, for all calls of a task.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Literal

from kombu.utils.json import dumps

from jobs.engine.arguments import by_name
from jobs.errors import InvalidLimit, SubmitError

OPTIONS = ("lane", "lane_width", "lane_rate", "unique", "unique_for", "on_conflict")
_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0}
#: The widest lane, and the most starts of a rate: what the columns take.
MOST = 2_147_483_647


@dataclass(frozen=True, slots=True)
class Turn:
    """When a job may go, and what it may not stand beside."""

    lane: str = ""
    width: int = 1
    rate: tuple[int, float] | None = None
    unique_key: str = ""
    unique_scope: Literal["", "waiting", "unfinished", "period", "kept"] = ""
    unique_seconds: float = 0.0
    replace: bool = False

    def unique_until(self, now: datetime) -> datetime | None:
        """When the period of the key is over."""
        if self.unique_scope != "period":
            return None
        return now + timedelta(seconds=self.unique_seconds)


NO_TURN = Turn()


def turn_of(task: Any, name: str, body: Any, options: Mapping[str, Any]) -> Turn:
    """What `options` of the call, and those of the task, ask for.

    Raises:
        SubmitError: one of them makes no sense.
    """
    asked = {key: _asked(task, key, options) for key in OPTIONS}
    idempotency_key = options.get("idempotency_key")
    _check_lane(task, name, asked["lane"])
    if not (asked["lane"] or asked["unique"] or idempotency_key):
        return NO_TURN
    lane = str(asked["lane"] or "")
    rate = rate_of(asked["lane_rate"])
    width = asked["lane_width"]
    if width is None:
        width = rate[0] if rate else 1  # or one job after the other would not reach the rate
    if len(lane) > 200:
        raise SubmitError(f"lane={lane!r} is longer than 200 characters.")
    check_limits(width, rate)
    key, scope, seconds = _uniqueness(task, name, body, asked, idempotency_key)
    if asked["on_conflict"] not in (None, "first", "replace"):
        raise SubmitError(f"on_conflict={asked['on_conflict']!r} must be 'first' or 'replace'.")
    # An idempotency key always returns the first handle, with its arguments.
    replace = asked["on_conflict"] == "replace" and scope != "kept"
    return Turn(lane, width, rate, key, scope, seconds, replace)


def key_to_retake(turn: Turn, *, again: bool) -> dict[str, str]:
    """The header by which a retry by a person finds the unique key that the job had.

    The row lets go of it when the job ends; `again` is for a job that has the header already.
    """
    kept = again or turn.unique_scope not in ("waiting", "unfinished")
    return {} if kept else {"unique_key": turn.unique_key}


def _asked(task: Any, key: str, options: Mapping[str, Any]) -> Any:
    value = options.get(key)
    return getattr(task, key, None) if value is None else value


def _check_lane(task: Any, name: str, lane: Any) -> None:
    """A job has one lane: a call in another one would slip past the limit of its task."""
    own = getattr(task, "lane", None)
    if own and lane != own:
        raise SubmitError(f"{name} has the lane {own!r} for all calls, and so not lane={lane!r}.")


def _uniqueness(
    task: Any, name: str, body: Any, asked: Mapping[str, Any], idempotency_key: str | None
) -> tuple[str, Any, float]:
    if idempotency_key:
        return _key("idempotency", str(idempotency_key)), "kept", 0.0
    if not asked["unique"]:
        return "", "", 0.0
    value = _arguments(task, body) if asked["unique"] is True else str(asked["unique"])
    lasts = asked["unique_for"] or "unfinished"
    if lasts in ("waiting", "unfinished"):
        return _key(name, value), lasts, 0.0
    if isinstance(lasts, int | float) and lasts > 0:
        return _key(name, value), "period", float(lasts)
    raise SubmitError(
        f"unique_for={lasts!r} must be 'waiting', 'unfinished' or a number of seconds."
    )


def _arguments(task: Any, body: Any) -> str:
    """The arguments of a call, the same whether they were given by place or by name."""
    args, kwargs = body[:2]
    called = (args, kwargs) if task is None else by_name(task, args, kwargs)
    return str(dumps(called, sort_keys=True))


def _key(space: str, value: str) -> str:
    """Short values stay readable; long ones are hashed."""
    key = f"{space}:{value}"
    return key if len(key) <= 200 else f"{space[:120]}:{sha256(value.encode()).hexdigest()}"


def check_limits(width: Any, rate: tuple[int, float] | None) -> None:
    """Raise InvalidLimit unless a lane can be as wide, and as quick; None says nothing."""
    if width is not None and (not isinstance(width, int) or not 1 <= width <= MOST):
        raise InvalidLimit(f"lane_width={width!r} must be a number from 1 to {MOST:,}.")
    if rate is not None and not 1 <= rate[0] <= MOST:
        raise InvalidLimit(f"lane_rate: {rate[0]:,} starts; a lane takes 1 to {MOST:,}.")


def rate_of(value: Any) -> tuple[int, float] | None:
    """ "10/m" as (10, 60.0)."""
    if value is None:
        return None
    count, _, unit = str(value).partition("/")
    if not count.isdigit() or int(count) < 1 or unit not in _UNITS:
        raise SubmitError(f"lane_rate={value!r} must look like '10/s', '100/m' or '5/h'.")
    return int(count), _UNITS[unit]

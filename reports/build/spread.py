"""Percentiles of waits and run times."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Spread:
    """How a number of durations lie, in seconds; None where there was none."""

    count: int = 0
    p50: float | None = None
    p95: float | None = None
    p99: float | None = None
    longest: float | None = None


def nearest_rank(ordered: Sequence[float], percent: int) -> float:
    """The smallest value that at least `percent` of all values do not exceed.

    Exact, and always a value that occurred: with n values it is number ceil(n * percent / 100),
    in whole numbers, so that no rounding moves the rank. Of 1 to 100 the 95th is 95.
    """
    rank = -(-len(ordered) * percent // 100)
    return ordered[max(rank, 1) - 1]


def spread_of(values: Iterable[float]) -> Spread:
    """p50, p95, p99 and the longest of all values: none is dropped or estimated."""
    ordered = sorted(values)
    if not ordered:
        return Spread()
    p50, p95, p99 = (nearest_rank(ordered, percent) for percent in (50, 95, 99))
    return Spread(len(ordered), p50, p95, p99, ordered[-1])


def seconds_between(start: datetime, end: datetime) -> float:
    """Never below zero: the clocks of two machines may differ a little."""
    return max((end - start).total_seconds(), 0.0)

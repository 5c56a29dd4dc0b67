"""How many durations fall into each of a few steps, from 10 ms to a day."""

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass

from reports.build.wording import duration

#: The upper end of each step in seconds; each is about three times the one before.
STEPS = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3600.0, 21600.0, 86400.0)


@dataclass(frozen=True, slots=True)
class Bucket:
    """So many durations up to `label`, and above that of the bucket before."""

    label: str
    count: int


def distribution_of(values: Iterable[float]) -> list[Bucket]:
    """One bucket for each step from the first that is used to the last, empty ones between."""
    counts = [0] * (len(STEPS) + 1)
    for value in values:
        counts[bisect_left(STEPS, value)] += 1
    used = [index for index, count in enumerate(counts) if count]
    if not used:
        return []
    return [Bucket(_label(index), counts[index]) for index in range(used[0], used[-1] + 1)]


def _label(index: int) -> str:
    if index == len(STEPS):
        return f"> {duration(STEPS[-1])}"
    return f"≤ {duration(STEPS[index])}"

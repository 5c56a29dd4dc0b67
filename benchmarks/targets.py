"""What the figures of `make bench` are meant to reach, as ratios within one run."""

from collections.abc import Mapping
from dataclasses import dataclass

from benchmarks.measure import Figures

_STOCK = "stock Celery, no rows, "
_RESULTS = "django-celery-results, "
_OURS = "Hachi, PostgreSQL, "


@dataclass(frozen=True)
class Target:
    """`figure` of `system` shall be at least `ratio` times that of the best of `against`.

    With `at_most`, that ratio is the most that it may be.
    """

    what: str
    figure: str
    system: str
    against: tuple[str, ...]
    ratio: float
    at_most: bool = False


TARGETS = (
    Target(
        "drain, prefork, beside stock prefork",
        "drain",
        _OURS + "prefork 2",
        (_STOCK + "prefork 2",),
        2.0,
    ),
    Target(
        "drain, solo, beside stock prefork",
        "drain",
        _OURS + "2 x solo",
        (_STOCK + "prefork 2",),
        5.0,
    ),
    Target(
        "drain, prefork, beside the best of django-celery-results",
        "drain",
        _OURS + "prefork 2",
        tuple(_RESULTS + pool for pool in ("prefork 2", "threads 2", "2 x solo")),
        4.0,
    ),
    Target(
        "single submit, beside stock .delay()",
        "submit",
        _OURS + "prefork 2",
        (_STOCK + "prefork 2",),
        1 / 1.5,
    ),
    Target(
        "idle latency p50, beside stock",
        "latency_p50",
        _OURS + "prefork 2",
        (_STOCK + "prefork 2",),
        1.5,
        at_most=True,
    ),
    Target(
        "idle latency p50, SQLite, beside stock",
        "latency_p50",
        "Hachi, SQLite, prefork 2",
        (_STOCK + "prefork 2",),
        1.5,
        at_most=True,
    ),
)


def verdicts(medians: Mapping[str, Figures]) -> list[str]:
    """A line for each target whose systems were measured."""
    return [line for target in TARGETS if (line := _verdict(target, medians))]


def _verdict(target: Target, medians: Mapping[str, Figures]) -> str:
    others = [medians[name] for name in target.against if name in medians]
    if target.system not in medians or not others:
        return ""
    figure = getattr(medians[target.system], target.figure)
    best = (min if target.at_most else max)(getattr(other, target.figure) for other in others)
    ratio = figure / best
    reached = ratio <= target.ratio if target.at_most else ratio >= target.ratio
    wanted = f"at {'most' if target.at_most else 'least'} {target.ratio:.2f}x"
    return f"{'reached' if reached else 'MISSED ':7}  {ratio:5.2f}x, {wanted}: {target.what}"

import math
import random

import pytest

from reports.build.distribution import distribution_of
from reports.build.spread import Spread, nearest_rank, spread_of
from reports.build.wording import duration, percentage, short


def test_percentiles_are_exact_by_nearest_rank():
    spread = spread_of(float(n) for n in range(100, 0, -1))
    assert spread == Spread(count=100, p50=50, p95=95, p99=99, longest=100)


def test_one_value_is_all_percentiles():
    assert spread_of([0.25]) == Spread(1, 0.25, 0.25, 0.25, 0.25)


def test_no_value_has_no_percentiles():
    assert spread_of([]) == Spread(0, None, None, None, None)


def test_a_percentile_is_the_smallest_value_that_enough_others_do_not_exceed():
    chance = random.Random(7)
    for _ in range(300):
        values = sorted(chance.choices(range(50), k=chance.randint(1, 60)))
        percent = chance.randint(1, 100)
        wanted = min(
            v for v in values if sum(o <= v for o in values) * 100 >= percent * len(values)
        )
        assert nearest_rank(values, percent) == wanted


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "–"),
        (0, "0 ms"),
        (0.0004, "< 1 ms"),
        (0.0421, "42 ms"),
        (0.9994, "999 ms"),
        (0.9996, "1 s"),
        (1.23, "1.2 s"),
        (9.96, "10 s"),
        (59.6, "1 min"),
        (302, "5 min 02 s"),
        (3599.7, "1 h"),
        (12_000, "3 h 20 min"),
        (86_400, "1 d"),
        (187_200, "2 d 4 h"),
    ],
)
def test_durations_are_told_in_the_unit_that_fits(seconds, text):
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("rate", "text"),
    [
        (None, "–"),
        (1.0, "100 %"),
        (999_999 / 1_000_000, "99.99 %"),
        (0.57, "57 %"),
        (0.125, "12.5 %"),
        (0.0, "0 %"),
    ],
)
def test_a_rate_is_never_rounded_up(rate, text):
    assert percentage(rate) == text


def test_every_rate_of_whole_percent_reads_as_such():
    assert all(percentage(n / 100) == f"{n} %" for n in range(101))


def test_numbers_on_an_axis_are_short():
    assert [short(n) for n in (0, 500, 1000, 20_000, 4_000_000)] == ["0", "500", "1k", "20k", "4M"]


def test_durations_fall_into_steps_from_the_first_used_to_the_last():
    buckets = distribution_of([0.05, 0.1, 2.0, math.inf])
    assert [(b.label, b.count) for b in buckets[:4]] == [
        ("≤ 100 ms", 2),
        ("≤ 300 ms", 0),
        ("≤ 1 s", 0),
        ("≤ 3 s", 1),
    ]
    assert (buckets[-1].label, buckets[-1].count) == ("> 1 d", 1)
    assert distribution_of([]) == []

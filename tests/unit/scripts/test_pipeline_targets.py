"""What `python -m benchmarks.pipeline` says of its targets."""

import pytest

from benchmarks.pipeline_targets import of_cpu, of_memory, of_overlap
from jobs.work.images import Format


def said(lines):
    return [line.split()[0] for line in lines]


@pytest.mark.parametrize(
    ("jpeg", "png", "verdicts"),
    [
        (1.2, 3.0, ["reached", "reached"]),
        (1.19, 3.0, ["MISSED", "reached"]),
        (1.5, 2.9, ["reached", "MISSED"]),
    ],
)
def test_each_format_has_a_ratio_of_its_own_to_reach(jpeg, png, verdicts):
    assert said(of_cpu({Format.JPEG: jpeg, Format.PNG: png})) == verdicts


def test_the_stages_may_take_a_third_more_than_the_slowest():
    assert [said(of_overlap(ratio)) for ratio in (1.3, 1.31)] == [["reached"], ["MISSED"]]


def test_memory_has_to_be_flat_and_small_and_the_classes_right():
    flat = {"25": 100.0, "50": 110.0, "75": 104.0, "100": 101.0}
    assert said(of_memory(flat, 300, 0)) == ["reached"] * 3
    assert said(of_memory(flat | {"100": 99.0}, 301, 2)) == ["MISSED"] * 3


def test_a_line_has_the_figure_and_what_was_wanted():
    [line] = of_cpu({Format.PNG: 3.456})
    assert line == (
        "reached  3.46x, at least 3.00x: pictures a CPU second, png, "
        "beside the straightforward program"
    )

"""A long stream with every eighth URL bad, in a process of its own.

`python -m benchmarks.pipeline` does the same with ten thousand URLs, and measures more.
"""

import pytest

from benchmarks.pipeline import QUARTERS, memory, overlap
from benchmarks.pipeline_run import BAD, kind
from jobs.work.images import Format

ITEMS = 600
SHARE = 0.12


@pytest.fixture(scope="module")
def result():
    return memory(ITEMS, SHARE, Format.JPEG)


def test_every_item_is_told_once_and_in_its_class(result):
    bad = sum(kind(number, SHARE) != "photo" for number in range(ITEMS))

    assert result["wrong"] == []
    assert (result["told"], result["done"], result["failed"]) == (ITEMS, ITEMS - bad, bad)
    assert set(result["classes"]) == {"done", *(name for names in BAD.values() for name in names)}


def test_memory_does_not_grow_along_the_way(result):
    first, *rest = (result["megabytes"][share] for share in QUARTERS)

    assert max(rest) < first * 1.1
    assert result["peak"] < 300


def test_no_thread_is_left(result):
    assert result["threads"] == ["MainThread"]


def test_the_stages_overlap():
    # Few connections, so that waiting for the network is what takes the time, however busy the
    # machine: two uploads at a time of two answers each are 0.1 s a picture.
    assert overlap(40, latency=0.1, downloads=4, upload_threads=2) < 1.3

"""A long stream with every eighth URL bad, in a process of its own.

`make bench WHAT=pipeline` does the same with ten thousand URLs, and measures more: the overlap of
the stages as a ratio of times, for one.
"""

import threading

import pytest
from django.core.files.storage import FileSystemStorage

from benchmarks.pipeline import QUARTERS, memory
from benchmarks.pipeline_run import BAD, kind
from jobs.work.images import Format
from jobs.work.pipeline import StorageDestination
from tests.unit.jobs.work.pipeline_samples import Told, blank, items_of, run_items
from tests.unit.jobs.work.servers import serving

ITEMS = 600
SHARE = 0.12
DEADLINE = 20


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

    # A hundred kilobytes lost with each picture would be fifty megabytes; a busy machine has more
    # of them on their way at a time.
    assert max(rest) < first + 30
    assert result["peak"] < 300


def test_no_thread_is_left(result):
    assert result["threads"] == ["MainThread"]


def test_a_picture_is_downloaded_and_composed_while_another_is_uploaded(tmp_path):
    uploading, composed = threading.Event(), threading.Event()

    def answer(conversation):
        if conversation.path == "/later":
            uploading.wait(DEADLINE)  # its download ends when the first upload has begun
        conversation.answer(body=blank(), headers=("Content-Type: image/jpeg",))

    class Watched(StorageDestination):
        def put(self, name, data, content_type):
            if name == "out/0.jpg":  # and that ends when the later picture is composed
                uploading.set()
                assert composed.wait(DEADLINE)
            else:
                composed.set()
            return super().put(name, data, content_type)

    place = Watched(FileSystemStorage(location=tmp_path))
    with serving(answer) as server:
        flow = run_items(items_of(server.url("").rstrip("/"), "/first", "/later"), place, Told())
    assert flow.done == 2
    assert uploading.is_set()

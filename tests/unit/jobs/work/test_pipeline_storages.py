"""Django storages as destinations: a folder, and one that knows no folders."""

import errno
import os
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import InMemoryStorage, Storage

from jobs.work.pipeline import DestinationDown, Failure, ItemFailed, StorageDestination
from tests.unit.jobs.work.pipeline_samples import folder


class Remote(Storage):
    """A storage without paths, which never overwrites, as most of them."""

    def __init__(self):
        self.files = {}

    def _save(self, name, content):
        self.files[name] = content.read()
        return name

    def _open(self, name, mode="rb"):
        return ContentFile(self.files[name])

    def exists(self, name):
        return name in self.files

    def delete(self, name):
        self.files.pop(name, None)

    def size(self, name):
        return len(self.files[name])


@pytest.fixture(params=["folder", "memory", "remote"])
def destination(request, tmp_path):
    match request.param:
        case "folder":
            return folder(tmp_path)
        case "memory":
            return StorageDestination(InMemoryStorage())
        case _:
            return StorageDestination(Remote())


def test_what_was_put_can_be_got(destination):
    stored = destination.put("a/b.jpg", b"picture", "image/jpeg")

    assert (stored.name, stored.size) == ("a/b.jpg", 7)
    assert destination.get("a/b.jpg") == b"picture"


def test_a_second_put_takes_the_place_of_the_first(destination):
    destination.put("a.jpg", b"first", "image/jpeg")
    destination.put("a.jpg", b"second", "image/jpeg")

    assert destination.get("a.jpg") == b"second"


def test_what_is_not_there_is_none_and_may_be_deleted(destination):
    assert destination.get("nothing.jpg") is None
    destination.delete("nothing.jpg")


def test_the_check_passes_and_leaves_nothing(destination, tmp_path):
    destination.check()

    assert list(tmp_path.iterdir()) == []


def test_a_file_in_a_folder_is_never_half_there(tmp_path, monkeypatch):
    def breaks(self, target):
        assert Path(self).read_bytes() == b"picture"
        raise OSError(errno.EIO, "the disk is broken")

    monkeypatch.setattr(Path, "replace", breaks)
    with pytest.raises(DestinationDown):
        folder(tmp_path).put("a.jpg", b"picture", "image/jpeg")

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("number", "trouble", "passes"),
    [
        (errno.ENOSPC, "full", True),
        (errno.EDQUOT, "full", True),
        (errno.EACCES, "credentials", False),
        (errno.EROFS, "credentials", False),
        (errno.EIO, "failing", True),
        (errno.ECONNREFUSED, "unreachable", True),
        (errno.ETIMEDOUT, "unreachable", True),
    ],
)
def test_trouble_of_the_place_has_its_kind(number, trouble, passes):
    class Failing(Remote):
        def _save(self, name, content):
            raise OSError(number, "no")

    with pytest.raises(DestinationDown) as down:
        StorageDestination(Failing()).put("a.jpg", b"1", "image/jpeg")

    assert (down.value.trouble, down.value.passes) == (trouble, passes)


def test_an_error_of_a_storage_that_nobody_knows_is_named():
    class Odd(Remote):
        def _save(self, name, content):
            raise ZeroDivisionError

    with pytest.raises(DestinationDown, match="ZeroDivisionError"):
        StorageDestination(Odd()).put("a.jpg", b"1", "image/jpeg")


@pytest.mark.parametrize("name", ["../outside.jpg", "x" * 300])
def test_a_name_that_is_refused_is_no_trouble_of_the_place(name, tmp_path):
    with pytest.raises(ItemFailed) as refused:
        folder(tmp_path).put(name, b"1", "image/jpeg")

    assert refused.value.failure is Failure.REJECTED


def test_a_storage_that_renames_is_found_out():
    class Renaming(Remote):
        def get_available_name(self, name, max_length=None):
            return f"other-{name}"

    storage = Renaming()
    with pytest.raises(DestinationDown, match="another name"):
        StorageDestination(storage).put("a.jpg", b"1", "image/jpeg")

    assert storage.files == {}


def test_a_storage_that_loses_bytes_is_found_out():
    class Short(Remote):
        def size(self, name):
            return 1

    with pytest.raises(DestinationDown, match="shorter"):
        StorageDestination(Short()).put("a.jpg", b"123", "image/jpeg")


def test_what_a_killed_process_left_is_removed_when_it_is_old(tmp_path):
    old, young = tmp_path / ".a.jpg.1.part", tmp_path / ".b.jpg.2.part"
    for path in (old, young):
        path.write_bytes(b"half")
    os.utime(old, (0, 0))

    folder(tmp_path).put("c.jpg", b"whole", "image/jpeg")

    assert {path.name for path in tmp_path.iterdir()} == {young.name, "c.jpg"}


def test_leftovers_are_swept_where_nothing_is_written_any_more(tmp_path):
    (tmp_path / "a").mkdir()
    old, young = tmp_path / "a" / ".x.jpg.1.part", tmp_path / "a" / ".y.jpg.2.part"
    for path in (old, young):
        path.write_bytes(b"half")
    os.utime(old, (0, 0))

    folder(tmp_path).sweep("a")
    folder(tmp_path).sweep("nowhere")
    StorageDestination(Remote()).sweep("a")

    assert list((tmp_path / "a").iterdir()) == [young]


def test_two_that_check_at_once_do_not_meet(tmp_path, monkeypatch):
    names = []
    put = StorageDestination.put

    def note(place, name, data, content_type):
        names.append(name)
        return put(place, name, data, content_type)

    monkeypatch.setattr(StorageDestination, "put", note)
    folder(tmp_path).check()
    folder(tmp_path).check()

    assert len(set(names)) == 2

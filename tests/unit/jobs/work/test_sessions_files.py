import os
from datetime import UTC, datetime, timedelta

from jobs.work.sessions import remove_old_files

NOW = datetime(2031, 5, 6, tzinfo=UTC)
A_DAY_AGO = NOW - timedelta(days=1)


def file(folder, name, hours_old):
    path = folder / name
    path.write_text("x", encoding="utf-8")
    moment = (NOW - timedelta(hours=hours_old)).timestamp()
    os.utime(path, (moment, moment))
    return path


def test_only_old_files_are_removed(tmp_path):
    old, young = file(tmp_path, "old", 25), file(tmp_path, "young", 23)
    assert remove_old_files(tmp_path, before=A_DAY_AGO, limit=10) == 1
    assert (old.exists(), young.exists()) == (False, True)


def test_no_more_than_asked_are_removed_at_once(tmp_path):
    for number in range(5):
        file(tmp_path, str(number), 48)
    removed = [remove_old_files(tmp_path, before=A_DAY_AGO, limit=2) for _ in range(3)]
    assert removed == [2, 2, 1]


def test_folders_and_what_is_in_them_stay(tmp_path):
    (tmp_path / "folder").mkdir()
    inside = file(tmp_path / "folder", "old", 48)
    os.utime(tmp_path / "folder", (0, 0))
    assert remove_old_files(tmp_path, before=A_DAY_AGO, limit=10) == 0
    assert inside.exists()


def test_links_are_not_followed_and_not_removed(tmp_path):
    folder, outside = tmp_path / "tmp", tmp_path / "outside"
    folder.mkdir()
    outside.mkdir()
    target = file(outside, "precious", 48)
    (folder / "link").symlink_to(target)
    (folder / "folder-link").symlink_to(outside)
    os.utime(folder / "link", (0, 0), follow_symlinks=False)
    assert remove_old_files(folder, before=A_DAY_AGO, limit=10) == 0
    assert target.exists()
    assert (folder / "link").is_symlink()


def test_a_pipe_is_no_file(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    os.utime(tmp_path / "pipe", (0, 0))
    assert remove_old_files(tmp_path, before=A_DAY_AGO, limit=10) == 0


def test_a_folder_that_is_not_there_has_no_old_files(tmp_path):
    assert remove_old_files(tmp_path / "missing", before=A_DAY_AGO, limit=10) == 0

import os
from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.utils import timezone

from jobs.models import Job
from jobs.tasks import sessions
from jobs.tasks.sessions import cleanup_old_sessions

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def folders(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.FILE_UPLOAD_TEMP_DIR = tmp_path / "tmp"
    settings.FILE_UPLOAD_TEMP_DIR.mkdir()
    return settings.FILE_UPLOAD_TEMP_DIR


def expired_session(key):
    past = timezone.now() - timedelta(hours=1)
    Session.objects.create(session_key=key, session_data="", expire_date=past)


def job(name, days, state):
    moment = timezone.now() - timedelta(days=days)
    Job.objects.create(
        id=name,
        task="t",
        queue="celery",
        state=state,
        message="{}",
        run_at=moment,
        created_at=moment,
        finished_at=moment,
        error_type="E",
    )


def test_with_nothing_to_do_it_says_so():
    assert cleanup_old_sessions() == {
        "sessions": 0,
        "files": 0,
        "jobs": 0,
        "batches": 0,
        "chords": 0,
        "lanes": 0,
        "downloads": 0,
        "pipelines": 0,
        "templates": 0,
        "more": False,
    }


def test_what_is_over_is_deleted_and_counted(folders, settings):
    settings.HACHI_KEEP_SUCCEEDED_DAYS, settings.HACHI_KEEP_FAILED_DAYS = 7, 30
    expired_session("over")
    (folders / "old").write_text("x", encoding="utf-8")
    os.utime(folders / "old", (0, 0))
    (folders / "new").write_text("x", encoding="utf-8")
    for state in ("succeeded", "failed", "cancelled"):
        job(f"{state}-8", 8, state)
        job(f"{state}-31", 31, state)
    assert cleanup_old_sessions() == {
        "sessions": 1,
        "files": 1,
        "jobs": 4,
        "batches": 0,
        "chords": 0,
        "lanes": 0,
        "downloads": 0,
        "pipelines": 0,
        "templates": 0,
        "more": False,
    }
    assert set(Job.objects.values_list("pk", flat=True)) == {"failed-8", "cancelled-8"}
    assert [path.name for path in folders.iterdir()] == ["new"]


def test_running_twice_does_no_harm():
    expired_session("over")
    assert cleanup_old_sessions()["sessions"] == 1
    assert cleanup_old_sessions()["sessions"] == 0


def test_many_go_batch_by_batch(monkeypatch):
    monkeypatch.setattr(sessions, "BATCH", 2)
    for number in range(5):
        expired_session(str(number))
    assert cleanup_old_sessions()["sessions"] == 5


def test_what_does_not_fit_into_the_time_is_left_for_the_next_run(monkeypatch):
    monkeypatch.setattr(sessions, "RUN_SECONDS", 0)
    expired_session("over")
    assert cleanup_old_sessions() == {
        "sessions": 0,
        "files": 0,
        "jobs": 0,
        "batches": 0,
        "chords": 0,
        "lanes": 0,
        "downloads": 0,
        "pipelines": 0,
        "templates": 0,
        "more": True,
    }
    assert Session.objects.exists()


def test_without_a_folder_of_its_own_no_file_is_touched(settings):
    settings.FILE_UPLOAD_TEMP_DIR = None
    assert cleanup_old_sessions()["files"] == 0

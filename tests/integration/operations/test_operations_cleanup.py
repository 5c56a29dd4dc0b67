from datetime import UTC, datetime, timedelta
from threading import Event, Thread
from uuid import uuid4

import pytest
from django.contrib.sessions.models import Session
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from jobs.models import Attempt, Chord, Job, LogLine
from jobs.operations.cleanup import (
    ExpiredSessions,
    FinishedChords,
    FinishedJobs,
    OrphanedUploads,
)
from jobs.states import State
from tests.integration.uploads import store_upload

pytestmark = pytest.mark.django_db

NOW = datetime(2031, 5, 6, 12, tzinfo=UTC)


def session(key, hours):
    Session.objects.create(
        session_key=key, session_data="", expire_date=NOW + timedelta(hours=hours)
    )


def job(name, days, state="succeeded"):
    moment = NOW - timedelta(days=days)
    finished = None if state in ("queued", "running") else moment
    return Job.objects.create(
        id=name,
        task="t",
        queue="celery",
        state=state,
        message="x" * 1_000,
        run_at=moment,
        created_at=moment,
        started_at=moment,
        finished_at=finished,
        worker="w",
        attempt=1,
        error_type="E",
    )


def old_jobs(states=(State.SUCCEEDED,), days=7):
    return FinishedJobs(set(states), NOW - timedelta(days=days))


def left():
    return set(Job.objects.values_list("pk", flat=True))


def test_only_sessions_that_ran_out_are_deleted():
    session("over", -1)
    session("open", 1)
    assert ExpiredSessions(NOW).delete(10) == 1
    assert Session.objects.get().session_key == "open"


def test_sessions_go_in_batches_of_one_statement():
    for number in range(5):
        session(f"s{number}", -1 - number)
    sweep = ExpiredSessions(NOW)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert sweep.delete(2) == 2
    assert len([q for q in queries if "session" in q["sql"]]) == 1
    assert [sweep.delete(2), sweep.delete(2)] == [2, 1]


def test_jobs_go_when_their_time_is_over_and_their_state_is_meant():
    job("old", 8)
    job("young", 6)
    job("failed", 8, "failed")
    assert old_jobs().delete(10) == 1
    assert left() == {"young", "failed"}


@pytest.mark.parametrize("state", ["queued", "running"])
def test_an_unfinished_job_is_never_deleted(state):
    job("eternal", 4_000, state)
    assert old_jobs(State).delete(10) == 0


def test_attempts_and_log_lines_go_with_their_job():
    for name, days in (("old", 8), ("young", 1)):
        row = job(name, days)
        Attempt.objects.create(job=row, number=1, outcome="failed", finished_at=NOW)
        LogLine.objects.create(job=row, attempt=1, at=NOW, level="INFO", text="x")
    assert old_jobs().delete(10) == 1
    assert Attempt.objects.get().job_id == LogLine.objects.get().job_id == "young"


def test_batches_go_on_from_where_the_last_one_ended():
    for number in range(5):
        job(f"kept-{number}", 20 - number, "failed")
        job(f"job-{number}", 20 - number)
    sweep = old_jobs()
    assert [sweep.delete(2), sweep.delete(2), sweep.delete(2)] == [2, 2, 1]
    assert left() == {f"kept-{number}" for number in range(5)}


def test_messages_are_not_read_to_be_deleted():
    job("old", 8)
    with CaptureQueriesContext(connection) as queries:
        old_jobs().delete(10)
    assert not any('"message"' in query["sql"] for query in queries)


def test_finished_jobs_are_found_by_their_index():
    plan = old_jobs().ended.order_by("finished_at")[:1_000].explain()
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off")
        plan = old_jobs().ended.order_by("finished_at")[:1_000].explain()
    assert "job_finished" in plan


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer at a time")
def test_a_job_that_somebody_retries_in_this_moment_is_left_alone():
    job("retried", 8)
    job("old", 8)
    held, done = Event(), Event()

    def retry():
        with transaction.atomic():
            Job.objects.select_for_update().get(pk="retried")
            held.set()
            done.wait(10)
        connection.close()

    thread = Thread(target=retry)
    thread.start()
    held.wait(10)
    deleted = old_jobs().delete(10)
    done.set()
    thread.join()
    assert deleted == 1
    assert left() == {"retried"}


def chord(name, days):
    Chord.objects.create(
        id=name,
        header="[]",
        body="{}",
        size=None if days is None else 0,
        created_at=NOW - timedelta(days=60),
        finished_at=None if days is None else NOW - timedelta(days=days),
    )


def test_a_chord_goes_once_it_was_over_long_ago_and_its_group_has_no_job_left():
    chord("over", 31)
    chord("with a job", 31)
    chord("young", 29)
    chord("open", None)
    job("member", 31, "failed")
    Job.objects.update(group="with a job")
    sweep = FinishedChords(NOW - timedelta(days=30))
    assert sweep.delete(10) == 1
    assert set(Chord.objects.values_list("id", flat=True)) == {"with a job", "young", "open"}
    Job.objects.all().delete()
    assert sweep.delete(10) == 1


@pytest.fixture
def media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    return tmp_path


def test_uploads_without_a_row_are_deleted_after_a_day(media):
    picture = store_upload(ContentFile(b"GIF89a", name="a"), by="", now=NOW - timedelta(days=3))
    folder = f"pictures/originals/{NOW - timedelta(days=3):%Y-%m-%d}"
    for _ in range(3):
        default_storage.save(f"{folder}/{uuid4()}.gif", ContentFile(b"GIF89a"))
    default_storage.save(f"{folder}/README", ContentFile(b"not ours"))
    today = default_storage.save(
        f"pictures/originals/{NOW:%Y-%m-%d}/{uuid4()}.gif", ContentFile(b"GIF89a")
    )
    sweep = OrphanedUploads(NOW)
    assert [sweep.delete(2), sweep.delete(2)] == [2, 1]
    assert default_storage.exists(picture.file.name)
    assert default_storage.exists(today)
    assert default_storage.exists(f"{folder}/README")
    assert len(default_storage.listdir(folder)[1]) == 2


def test_a_storage_that_has_nothing_yet_has_no_orphans(media):
    assert OrphanedUploads(NOW).delete(10) == 0

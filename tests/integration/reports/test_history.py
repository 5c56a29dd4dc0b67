from datetime import timedelta

import pytest
from django.utils import timezone
from django_celery_beat.models import CrontabSchedule, IntervalSchedule, PeriodicTask

from jobs.queries import history
from tests.integration.reports.report_jobs import NOON, attempt, failure, job, unfinished

pytestmark = pytest.mark.django_db
SECOND = timedelta(seconds=1)


def test_jobs_are_read_from_the_start_up_to_but_not_at_the_end():
    job(NOON - SECOND / 1000, id="before")
    job(NOON, id="first")
    job(NOON + SECOND - SECOND / 1000, id="last")
    job(NOON + SECOND, id="after")
    unfinished(NOON)
    found = history.finished_jobs(NOON, NOON + SECOND)
    assert {row.id for row in found} == {"first", "last"}


def test_created_jobs_are_read_by_the_moment_they_were_submitted():
    unfinished(NOON)
    job(NOON + SECOND, created_at=NOON)
    job(NOON + SECOND, created_at=NOON + SECOND)
    rows = list(history.created_jobs(NOON, NOON + SECOND))
    assert sorted(row.finished_at is None for row in rows) == [False, True]


def test_rows_are_the_same_moments_as_were_written():
    written = job(NOON + timedelta(microseconds=123_456))
    (row,) = history.finished_jobs(NOON, NOON + SECOND)
    assert row.finished_at == written.finished_at
    assert row.started_at == written.started_at
    assert row.run_at == written.run_at


def test_a_long_message_is_cut_in_the_database_by_characters():
    failure(message="失敗" * 5000)
    (row,) = history.finished_jobs(NOON, NOON + SECOND)
    assert row.error_message == "失敗" * (history.MESSAGE_LENGTH // 2)


def test_streams_go_on_past_their_chunks(monkeypatch):
    monkeypatch.setattr(history, "CHUNK", 3)
    wanted = {job().id for _ in range(10)}
    assert {row.id for row in history.finished_jobs(NOON, NOON + SECOND)} == wanted


def test_unsuccessful_attempts_are_counted_by_task_and_outcome():
    pay, mail = job(), job(task="shop.mail")
    for of, outcome in [(pay, "retried"), (pay, "retried"), (mail, "crashed")]:
        attempt(of, outcome)
    attempt(pay, "retried", NOON + SECOND)
    counts = history.unsuccessful_attempts(NOON, NOON + SECOND)
    assert {(c.task, c.outcome, c.count) for c in counts} == {
        ("shop.pay", "retried", 2),
        ("shop.mail", "crashed", 1),
    }


def test_runs_of_schedules_are_read_by_their_submission():
    job(created_at=NOON, schedule="毎晩", tick=NOON)
    job(created_at=NOON)
    (run,) = history.scheduled_runs(NOON, NOON + SECOND)
    assert (run.schedule, run.state) == ("毎晩", "succeeded")


def test_schedules_tell_their_timing_in_words():
    every = IntervalSchedule.objects.create(every=30, period=IntervalSchedule.SECONDS)
    night = CrontabSchedule.objects.create(minute="0", hour="0", timezone="Asia/Tokyo")
    PeriodicTask.objects.create(name="often", task="shop.pay", interval=every, enabled=False)
    PeriodicTask.objects.create(name="nightly", task="shop.sum", crontab=night)
    nightly, often = history.schedules()
    assert (nightly.name, nightly.task, nightly.enabled) == ("nightly", "shop.sum", True)
    assert "00:00" in nightly.timing or "12:00" in nightly.timing
    assert (often.timing, often.enabled) == ("every 30 seconds", False)


def test_a_run_stands_for_its_tick_and_else_for_its_submission():
    tick = timezone.now().replace(microsecond=0)
    assert history.due_at(job(schedule="s", tick=tick).id) == tick
    plain = job()
    assert history.due_at(plain.id) == plain.created_at
    assert history.due_at("no such job") is None

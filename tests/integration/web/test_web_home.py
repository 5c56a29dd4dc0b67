import re
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone
from django_celery_beat.models import CrontabSchedule, IntervalSchedule, PeriodicTask

from jobs.models import Node
from jobs.operations.garbage import count_garbage
from jobs.queries.schedules import next_fire, upcoming
from tests.integration.web.web_rows import make_job, make_worker

pytestmark = pytest.mark.django_db


def alarms(web):
    return " ".join(alarm.text for alarm in web.get("/").context["board"].sections[:0]) or (
        web.get("/").context["board"]["attention"].html
    )


@pytest.fixture
def schedule():
    interval = IntervalSchedule.objects.create(every=10, period="minutes")
    return PeriodicTask.objects.create(
        name="Tidy",
        task="jobs.clean_sessions",
        interval=interval,
        last_run_at=timezone.now() - timedelta(minutes=4),
    )


def test_all_is_well_when_it_is(web):
    make_worker()
    make_worker("beat", kind="beat", queues="")
    make_job("succeeded")

    assert "All is well" in alarms(web)
    assert "1 worker with 4 slots" not in alarms(web)
    assert "1 worker with 2 slots listens; beat keeps the schedules" in alarms(web)


def test_no_worker_is_told_first(web):
    assert "No worker is running" in alarms(web)
    assert "celery -A config worker" in alarms(web)


def test_no_beat_is_told_if_there_is_something_to_fire(web, schedule):
    make_worker()
    assert "No beat is running: 1 schedule cannot fire" in alarms(web)

    PeriodicTask.objects.update(enabled=False)
    assert "No beat" not in alarms(web).replace("no beat runs", "")


def test_a_worker_that_is_alive_and_takes_no_jobs_is_told(web):
    make_worker("deaf")
    Node.objects.update(deaf_since=timezone.now() - timedelta(seconds=90))
    assert "Worker deaf is alive but has taken no jobs for 1 min" in alarms(web)


def test_a_worker_whose_clock_is_off_is_told(web):
    make_worker("late")
    Node.objects.update(clock_ahead=-7.2)
    assert "The clock of worker late is 7.2 s behind the database" in alarms(web)


def test_a_silent_worker_is_told(web):
    make_worker("alive")
    make_worker("mute", silent=40)

    assert re.search(r"Worker mute has been silent for 4\d s", alarms(web))


def test_a_queue_nobody_listens_to_is_told(web):
    make_worker(queues="celery")
    make_job("queued", queue="video")
    make_job("queued", queue="video")

    assert "No worker is listening to queue video, where 2 jobs wait." in alarms(web)
    assert "celery -A config worker -Q video" in alarms(web)


def test_a_queue_that_is_behind_is_told(web):
    make_worker()
    make_job("queued", age=300)

    assert "Queue celery is behind: 1 job ready, the oldest for 5 min." in alarms(web)


def test_overdue_jobs_are_told(web):
    make_worker()
    make_job("scheduled", run_at=timezone.now() - timedelta(seconds=90))

    assert "1 job is overdue, the first by 1 min." in alarms(web)


def test_failures_of_the_last_hour_are_grouped_by_cause(web):
    make_worker()
    for _ in range(3):
        make_job("failed")
    make_job("failed", error_type="KeyError", error_fingerprint="f2")
    make_job("failed", age=7200, error_type="OldError", error_fingerprint="f3")

    told = alarms(web)

    assert "Some jobs failed" in told
    assert "3 × HTTPError" in told
    assert "1 × KeyError" in told
    assert "OldError" not in told
    assert "cause=f1" in told


def test_running_next_and_recent_jobs_are_shown(web):
    make_job("running", task="a.running", progress_done=1, progress_total=4)
    make_job("scheduled", task="a.scheduled")
    make_job("succeeded", task="a.succeeded")

    page = web.get("/").text

    assert "a.running" in page
    assert 'value="25"' in page
    assert "a.scheduled" in page
    assert "a.succeeded" in page


def test_schedules_are_shown_with_their_last_run(web, schedule):
    job = make_job("failed", schedule="Tidy", age=10)
    make_job("succeeded", schedule="Tidy", age=1000)

    row = upcoming(timezone.now())[0]

    assert (row.name, row.rule, row.last_state, row.last_job) == (
        "Tidy",
        "every 10 minutes",
        "failed",
        job.id,
    )
    assert "Tidy" in web.get("/").text


def test_an_interval_fires_at_the_next_point_of_its_grid(schedule):
    schedule.last_run_at = datetime(2031, 5, 6, 7, 8, 9, tzinfo=UTC)
    now = schedule.last_run_at + timedelta(seconds=9)

    assert next_fire(schedule, now) == datetime(2031, 5, 6, 7, 10, tzinfo=UTC)


def test_a_schedule_that_is_late_is_due_now(schedule):
    now = timezone.now() + timedelta(hours=1)

    assert next_fire(schedule, now) == now


def test_a_schedule_that_begins_later_fires_then(schedule):
    now = timezone.now()
    schedule.start_time = datetime(2031, 5, 6, 7, 10, tzinfo=UTC)

    assert next_fire(schedule, now) == schedule.start_time


def test_a_schedule_that_expired_never_fires(schedule):
    now = timezone.now()
    schedule.expires = now - timedelta(days=1)

    assert next_fire(schedule, now) is None


def test_a_crontab_fires_in_its_own_zone(schedule):
    schedule.interval = None
    schedule.crontab = CrontabSchedule.objects.create(minute="0", hour="6", timezone="Asia/Tokyo")
    now = timezone.now()

    fires = next_fire(schedule, now)

    assert (fires.astimezone(timezone.get_fixed_timezone(540)).hour, fires.minute) == (6, 0)
    assert now < fires <= now + timedelta(days=1)


def test_an_unchanged_home_page_is_answered_with_nothing(web, monkeypatch):
    now = timezone.now()
    monkeypatch.setattr("jobs.web.home.timezone.now", lambda: now)
    board = web.get("/").context["board"]

    assert web.get(board.poll_url).status_code == 204


def test_garbage_in_a_queue_is_told_for_a_day(web):
    make_worker()
    now = timezone.now()
    count_garbage("celery", 3, error="ValueError", now=now - timedelta(minutes=5))
    count_garbage("old", 1, error="ValueError", now=now - timedelta(days=2))
    assert "Somebody puts garbage into queue celery: 3 items so far, the last 5 min ago" in alarms(
        web
    )
    assert "queue old" not in alarms(web)

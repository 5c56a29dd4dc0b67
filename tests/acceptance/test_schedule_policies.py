"""Real beats and the policies of schedules."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from django_celery_beat.models import IntervalSchedule, PeriodicTask, PeriodicTasks

from jobs.models import Job, SchedulePolicy, ScheduleWatch
from tests.acceptance import sinks
from tests.acceptance.stack import wait_until


def every(seconds, name, *, task="test.add", args="[1, 2]", policy=None, **values):
    interval, _ = IntervalSchedule.objects.get_or_create(every=seconds, period="seconds")
    schedule = PeriodicTask.objects.create(
        name=name, task=task, args=args, interval=interval, **values
    )
    if policy:
        SchedulePolicy.objects.create(schedule=schedule, **policy)
    return schedule


def runs(name):
    return Job.objects.filter(schedule=name).order_by("tick")


def ticks(name):
    return list(runs(name).values_list("tick", flat=True))


def test_a_beat_that_was_killed_catches_up_by_the_policy_of_each_schedule(stack):
    for name in ("skip", "once", "all"):
        every(1, f"second {name}", policy={"missed": name})
    beat = stack.beat()
    wait_until(lambda: all(runs(f"second {n}").count() >= 2 for n in ("skip", "once", "all")), 30)
    beat.kill()
    killed_at = datetime.now(UTC)
    # What was due hourly is as if beat had been away for three hours.
    begin = killed_at.replace(minute=0, second=0, microsecond=0) - timedelta(hours=3)
    hourly = {
        name: every(3600, f"hour {name}", policy={"missed": name}, last_run_at=begin)
        for name in ("skip", "once", "all")
    }
    SchedulePolicy.objects.filter(schedule=hourly["skip"]).update(max_lateness_seconds=1)
    wait_until(lambda: datetime.now(UTC) > killed_at + timedelta(seconds=5))
    stack.beat("again")
    restarted_at = datetime.now(UTC)
    wait_until(lambda: ticks("second all")[-1] > restarted_at + timedelta(seconds=3), 30)
    steps = {b - a for a, b in pairwise(ticks("second all"))}
    assert steps == {timedelta(seconds=1)}  # none is missing
    for name in ("skip", "once"):
        down = [t for t in ticks(f"second {name}") if killed_at < t < restarted_at]
        assert len(down) <= 1
        assert ticks(f"second {name}")[-1] > restarted_at
    hours = [begin + timedelta(hours=hour) for hour in (1, 2, 3)]
    if (turned := begin + timedelta(hours=4)) < datetime.now(UTC):  # during this test, and in time
        assert ticks("hour skip") in ([], [turned])
        assert ticks("hour once") in ([turned], [hours[-1], turned])
        assert ticks("hour all") == [*hours, turned]
    else:
        missed = [ticks(f"hour {name}") for name in ("skip", "once", "all")]
        assert missed == [[], hours[-1:], hours]


@pytest.mark.parametrize("overlap", ["skip", "queue"])
def test_two_beats_never_let_a_long_run_overlap_the_next(stack, overlap):
    every(1, "long", task="test.hold", args="[2.5]", policy={"overlap": overlap, "missed": "all"})
    stack.beat("one"), stack.beat("two")
    stack.worker("-c", "4")
    ended = runs("long").filter(state="succeeded")
    wait_until(lambda: ended.count() >= 3, 60)
    spans = sorted(ended.values_list("started_at", "finished_at"))
    assert all(a[1] <= b[0] for a, b in pairwise(spans))
    assert runs("long").exclude(state="succeeded").count() <= 1
    watch = ScheduleWatch.objects.get()
    assert (watch.skipped_tick or watch.waiting_tick) is not None


def test_the_old_run_is_cancelled_where_the_policy_says_so(stack):
    every(3, "impatient", task="test.hold", args="[60]", policy={"overlap": "cancel"})
    stack.beat("one"), stack.beat("two")
    stack.worker("-c", "2")
    cancelled = runs("impatient").filter(state="cancelled", started_at__isnull=False)
    wait_until(lambda: cancelled.count() >= 2, 60)
    assert "whose next run is due" in cancelled.first().error_message
    newest = runs("impatient").last()
    assert newest.state in {"queued", "running"}
    assert runs("impatient").exclude(state="cancelled").count() <= 2


def test_a_schedule_that_is_switched_on_again_does_not_fire_at_once(stack):
    long_ago = datetime.now(UTC) - timedelta(days=9)
    every(86_400, "daily", enabled=False, last_run_at=long_ago)
    every(1, "each second")
    stack.beat()
    wait_until(lambda: ScheduleWatch.objects.filter(schedule__name="daily").exists(), 30)
    # What the admin's own action does.
    PeriodicTask.objects.filter(name="daily").update(enabled=True)
    PeriodicTasks.update_changed()
    noticed = ScheduleWatch.objects.filter(schedule__name="daily", enabled_since__isnull=False)
    wait_until(noticed.exists, 30)
    count = runs("each second").count()
    wait_until(lambda: runs("each second").count() >= count + 3, 30)
    assert not runs("daily").exists()


def test_a_run_that_does_not_finish_in_time_is_told_once(stack):
    policy = {"expected_seconds": 1, "overlap": "skip", "alert_mail": "ann@example.org"}
    every(1, "slow", task="test.hold", args="[60]", policy=policy)
    stack.worker("-c", "2")
    stack.beat("one"), stack.beat("two")
    alerts = Job.objects.filter(task="jobs.alert_schedule")
    wait_until(alerts.exists, 60)
    told_at = alerts.get().created_at
    wait_until(lambda: datetime.now(UTC) > told_at + timedelta(seconds=11))  # both look once more
    assert alerts.count() == 1
    assert ScheduleWatch.objects.get().incident == "did_not_finish"


def test_a_run_that_nobody_begins_is_told_once_by_mail_and_to_a_webhook(stack):
    with sinks.mail() as mail, sinks.web() as web:
        (host, port), (_, web_port) = mail.server_address, web.server_address
        hook = f"http://{host}:{web_port}/hook"
        policy = {"max_lateness_seconds": 2, "alert_mail": "ann@example.org", "alert_webhook": hook}
        schedule = every(1, "nobody's", queue="nowhere", policy=policy)
        environment = {"EMAIL_HOST": host, "EMAIL_PORT": str(port), "FETCH_ALLOW_LOOPBACK": "true"}
        stack.worker("-c", "1", PUBLIC_URL="https://hachi.example.org", **environment)
        stack.beat("one"), stack.beat("two")
        alerts = Job.objects.filter(task="jobs.alert_schedule")
        wait_until(lambda: alerts.filter(state="succeeded").count() == 2, 60)
        [text] = mail.kept
        assert "To: ann@example.org" in text
        assert "Subject: Schedule nobody's did not run" in text
        [(path, told)] = web.kept
        assert path == "/hook"
        assert (told["schedule"], told["problem"]) == ("nobody's", "did not run")
        assert told["url"] == f"https://hachi.example.org/schedules/{schedule.pk}/"
        assert ScheduleWatch.objects.get().incident == "did_not_run"
        # A worker comes, the schedule is well, and nobody is told of that.
        stack.worker("-c", "1", "-Q", "nowhere", name="late")
        wait_until(lambda: ScheduleWatch.objects.get().incident == "", 60)
        assert alerts.count() == 2


def test_a_one_off_that_nobody_begins_is_told_although_it_is_off(stack):
    policy = {"max_lateness_seconds": 2, "alert_mail": "ann@example.org"}
    every(1, "once", queue="nowhere", one_off=True, policy=policy)
    stack.beat()
    wait_until(lambda: not PeriodicTask.objects.get().enabled, 30)
    assert runs("once").count() == 1
    wait_until(Job.objects.filter(task="jobs.alert_schedule").exists, 40)
    assert ScheduleWatch.objects.get().incident == "did_not_run"

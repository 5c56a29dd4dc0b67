"""What is wrong with a schedule, and who is told, once."""

import json
from datetime import timedelta

import pytest
from django.core import mail
from django_celery_beat.models import CrontabSchedule, PeriodicTask

from jobs.engine.beat.alerts import raise_alarms
from jobs.models import Job, ScheduleWatch
from jobs.operations.schedule_runs import note_switches
from jobs.queries.schedule_health import RECENT_RUNS, Health, health, last_runs
from jobs.queries.schedules import next_fire, next_fires, schedule_of
from jobs.tasks.schedules import alert_schedule
from jobs.work.fetch import FetchError
from tests.integration.schedules.conftest import at

pytestmark = pytest.mark.django_db


def how(beat, now):
    parts = PeriodicTask.objects.select_related("policy", "watch", "crontab", "interval")
    task = parts.get(pk=beat.pk)
    return health(task, schedule_of(task), last_runs(task.name, most=RECENT_RUNS), now)


def test_a_schedule_that_does_what_it_promises_is_well(hourly):
    hourly.look(at(minutes=1))
    assert how(hourly, at(minutes=59)) == Health.OK
    hourly.look(at(hours=1))
    assert how(hourly, at(hours=1, seconds=2)) == Health.OK
    hourly.end()
    assert how(hourly, at(hours=1, minutes=50)) == Health.OK


def test_beat_is_late_and_then_it_did_not_run(hourly):
    hourly.look(at(minutes=1))
    assert how(hourly, at(hours=1, seconds=3)) == Health.OK
    assert how(hourly, at(hours=1, seconds=20)) == Health.LATE
    assert how(hourly, at(hours=1, seconds=61)) == Health.DID_NOT_RUN
    hourly.policy(max_lateness_seconds=600)
    assert how(hourly, at(hours=1, seconds=61)) == Health.LATE


def test_a_job_that_nobody_begins_did_not_run(hourly):
    hourly.look(at(hours=1))
    assert how(hourly, at(hours=1, seconds=30)) == Health.LATE
    assert how(hourly, at(hours=1, minutes=2)) == Health.DID_NOT_RUN


def test_a_job_that_expired_before_it_began_did_not_run(hourly):
    hourly.look(at(hours=1))
    Job.objects.update(state="cancelled", error_type="Expired", finished_at=at(hours=1, minutes=1))
    assert how(hourly, at(hours=1, minutes=30)) == Health.DID_NOT_RUN


def test_a_run_of_every_second_that_nobody_begins_is_seen(clocked_like):
    clocked_like.policy(missed="all", limit_count=120, max_lateness_seconds=600)
    clocked_like.look(at(seconds=120))
    assert how(clocked_like, at(seconds=121)) == Health.DID_NOT_RUN


def test_a_run_that_takes_longer_than_expected_did_not_finish(hourly):
    hourly.policy(expected_seconds=60, grace_seconds=30)
    hourly.look(at(hours=1))
    Job.objects.update(state="running", worker="w", attempt=1, started_at=at(hours=1))
    assert how(hourly, at(hours=1, seconds=89)) == Health.OK
    assert how(hourly, at(hours=1, seconds=91)) == Health.DID_NOT_FINISH
    hourly.policy(expected_seconds=None)
    assert how(hourly, at(hours=1, minutes=50)) == Health.OK


def test_a_run_that_waits_for_its_next_attempt_counts_from_its_first(hourly):
    hourly.policy(expected_seconds=60)
    hourly.look(at(hours=1))
    job = Job.objects.get()
    began, ended = at(hours=1), at(hours=1, seconds=5)
    job.attempts.create(number=1, outcome="retried", started_at=began, finished_at=ended)
    Job.objects.update(state="scheduled", waiting_for="retry", attempt=1, started_at=began)
    assert how(hourly, at(hours=1, seconds=59)) == Health.OK
    assert how(hourly, at(hours=1, seconds=61)) == Health.DID_NOT_FINISH
    again = {"waiting_for": "", "worker": "w", "attempt": 2}
    Job.objects.update(state="running", started_at=at(hours=1, seconds=50), **again)
    assert how(hourly, at(hours=1, seconds=61)) == Health.DID_NOT_FINISH


def test_a_run_that_ended_too_late_is_an_incident_until_one_ends_in_time(hourly):
    hourly.policy(expected_seconds=60, alert_mail="ann@example.org")
    hourly.look(at(hours=1))
    ended = {"state": "succeeded", "started_at": at(hours=1), "finished_at": at(hours=1, minutes=2)}
    Job.objects.update(**ended)
    assert how(hourly, at(hours=1, minutes=3)) == Health.DID_NOT_FINISH
    raise_alarms(hourly.app, now=at(hours=1, minutes=3))
    assert len(alerts()) == 1
    hourly.look(at(hours=2))
    new = Job.objects.filter(tick=at(hours=2))
    new.update(state="running", worker="w", attempt=1, started_at=at(hours=2))
    assert how(hourly, at(hours=2, seconds=30)) == Health.DID_NOT_FINISH
    new.update(state="failed", error_type="E", finished_at=at(hours=2, seconds=40))
    assert how(hourly, at(hours=2, minutes=5)) == Health.OK


def test_one_that_is_off_is_off(hourly):
    PeriodicTask.objects.update(enabled=False)
    assert how(hourly, at(days=1)) == Health.OFF


def test_one_that_is_off_still_answers_for_a_run_that_has_not_ended(hourly):
    hourly.look(at(hours=1))
    PeriodicTask.objects.update(enabled=False)
    assert how(hourly, at(hours=1, minutes=2)) == Health.DID_NOT_RUN
    expired = {"state": "cancelled", "error_type": "Expired"}
    Job.objects.update(finished_at=at(hours=1, minutes=3), **expired)
    assert how(hourly, at(hours=1, minutes=4)) == Health.OFF


def test_one_that_fires_once_answers_for_its_run_although_it_is_off_by_then(hourly):
    hourly.policy(alert_mail="ann@example.org", expected_seconds=60)
    PeriodicTask.objects.update(one_off=True)
    hourly.look(at(hours=1))
    PeriodicTask.objects.update(enabled=False)  # django-celery-beat does so
    assert how(hourly, at(hours=1, seconds=30)) == Health.OFF
    raise_alarms(hourly.app, now=at(hours=1, minutes=2))
    assert len(alerts()) == 1
    ended = {"state": "cancelled", "error_type": "Expired"}
    Job.objects.filter(schedule="毎時").update(finished_at=at(hours=1, minutes=3), **ended)
    assert how(hourly, at(hours=9)) == Health.DID_NOT_RUN
    late = {"state": "succeeded", "started_at": at(hours=2), "error_type": ""}
    Job.objects.filter(schedule="毎時").update(**late | {"finished_at": at(hours=2, minutes=2)})
    assert how(hourly, at(hours=9)) == Health.DID_NOT_FINISH


def alerts():
    return [json.loads(m)["body"] for m in _alert_jobs().values_list("message", flat=True)]


def _alert_jobs():
    return Job.objects.filter(task="jobs.alert_schedule").order_by("created_at", "id")


def test_an_incident_is_told_once_to_each_and_again_only_after_it_was_well(hourly):
    hourly.policy(alert_mail="ann@example.org", alert_webhook="https://example.org/hook")
    hourly.look(at(hours=1))
    raise_alarms(hourly.app, now=at(hours=1, seconds=30))
    assert not alerts()
    for minutes in (2, 3):
        raise_alarms(hourly.app, now=at(hours=1, minutes=minutes))
    assert len(alerts()) == 2
    watch = ScheduleWatch.objects.get()
    assert (watch.incident, watch.incident_at) == ("did_not_run", at(hours=1, minutes=2))
    hourly.end()
    raise_alarms(hourly.app, now=at(hours=1, minutes=4))
    watch.refresh_from_db()
    assert (watch.incident, watch.incident_at) == ("", None)
    hourly.look(at(hours=2))
    raise_alarms(hourly.app, now=at(hours=2, minutes=2))
    assert len(alerts()) == 4


def test_a_schedule_that_is_switched_on_again_owes_nothing_before_beat_reads_that(hourly):
    hourly.policy(alert_mail="ann@example.org")
    PeriodicTask.objects.update(enabled=False)
    note_switches(now=at(minutes=1))
    PeriodicTask.objects.update(enabled=True)  # what the admin's action does
    assert how(hourly, at(days=3)) == Health.OK
    raise_alarms(hourly.app, now=at(days=3))
    assert not alerts()
    hourly.policy(count_paused=True)
    assert how(hourly, at(days=3)) == Health.DID_NOT_RUN


def test_a_new_rule_owes_nothing_from_before_beat_has_read_it(hourly):
    hourly.policy(alert_mail="ann@example.org")
    daily = CrontabSchedule.objects.create(minute="0", hour="9")
    PeriodicTask.objects.update(crontab=daily)
    note_switches(now=at(minutes=1))
    often = CrontabSchedule.objects.create(minute="*/5", hour="*")
    PeriodicTask.objects.update(crontab=often)
    assert how(hourly, at(hours=3)) == Health.OK
    raise_alarms(hourly.app, now=at(hours=3))
    assert not alerts()
    raise_alarms(hourly.app, now=at(hours=3, minutes=7))  # but from then on it does
    assert len(alerts()) == 1


def test_a_tick_that_beat_leaves_out_because_it_comes_too_late_is_told_at_once(hourly):
    hourly.policy(missed="skip", alert_mail="ann@example.org")
    assert hourly.look(at(hours=1, minutes=5)) == 0  # and no alarm was raised before that
    assert len(alerts()) == 1
    assert ScheduleWatch.objects.get().incident == "did_not_run"
    raise_alarms(hourly.app, now=at(hours=1, minutes=6))
    assert ScheduleWatch.objects.get().incident == ""
    assert hourly.look(at(hours=2)) == 1  # in time
    assert len(alerts()) == 1


def test_a_tick_that_ran_before_the_clock_was_put_back_is_not_told(hourly):
    hourly.policy(missed="skip", alert_mail="ann@example.org")
    assert hourly.look(at(hours=1)) == 1
    PeriodicTask.objects.update(last_run_at=at(minutes=30))
    assert hourly.look(at(hours=1, minutes=5)) == 0
    assert not alerts()


def test_the_mail_says_what_happened(hourly):
    hourly.policy(alert_mail="ann@example.org")
    assert alert_schedule(hourly.pk, "did not run", "2026-11-22", "mail") == (
        "mailed to ann@example.org"
    )
    assert mail.outbox[0].subject == "Schedule 毎時 did not run"


def test_a_webhook_into_our_own_network_is_refused(hourly):
    for url in ("http://127.0.0.1/hook", "http://169.254.169.254/latest", "http://10.0.0.1/"):
        hourly.policy(alert_webhook=url)
        with pytest.raises(FetchError, match="not public"):
            alert_schedule.run.__wrapped__(hourly.pk, "did not run", "now", "webhook")


def test_an_alert_that_nobody_wants_any_more_is_not_sent(hourly):
    assert "no policy" in alert_schedule(hourly.pk, "did not run", "now", "mail")
    hourly.policy()
    assert "Nobody" in alert_schedule(hourly.pk, "did not run", "now", "mail")
    assert not mail.outbox


def test_the_preview_has_marks_and_ends_with_the_schedule(hourly):
    crontab = CrontabSchedule.objects.create(minute="30", hour="2", timezone="Europe/Berlin")
    task = hourly.task
    task.crontab = crontab
    now = at(days=-200)
    found = next_fires(task, now, 365)
    assert [fire.mark for fire in found if fire.mark] == ["double", "gap"]
    task.expires = found[2].at + timedelta(minutes=1)
    assert next_fires(task, now, 20) == list(found[:3])
    task.one_off = True
    assert len(next_fires(task, now, 20)) == 1


def test_a_crontab_that_makes_no_sense_breaks_no_page(hourly):
    task = hourly.task
    task.crontab.minute = "61"
    assert schedule_of(task) is None
    assert next_fire(task, at()) is None
    assert list(next_fires(task, at(), 5)) == []

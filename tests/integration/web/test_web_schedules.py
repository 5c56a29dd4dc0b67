import json
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone
from django_celery_beat.models import CrontabSchedule, PeriodicTask

from jobs.models import Job, SchedulePolicy
from tests.integration.web.web_rows import make_job

pytestmark = pytest.mark.django_db


@pytest.fixture
def nightly():
    crontab = CrontabSchedule.objects.create(minute="30", hour="2", timezone="Europe/Berlin")
    return PeriodicTask.objects.create(
        name="Nightly <b>", task="jobs.cleanup_old_sessions", crontab=crontab
    )


def test_the_list_says_how_each_fares(web, nightly):
    PeriodicTask.objects.update(last_run_at=timezone.now() - timedelta(days=3))
    make_job("succeeded", schedule=nightly.name)

    page = web.get("/schedules/").text

    assert "Nightly &lt;b&gt;" in page
    assert "At 02:30" in page
    assert "did not run" in page
    assert "succeeded" in page
    assert "due now" in page


def test_no_schedule_is_told(web):
    assert "There is no schedule." in web.get("/schedules/").text


def test_one_schedule_shows_its_runs_its_next_fires_and_its_policy(web, nightly):
    SchedulePolicy.objects.create(schedule=nightly, overlap="skip", expected_seconds=60)
    job = make_job("failed", schedule=nightly.name)

    page = web.get(f"/schedules/{nightly.pk}/").text

    assert job.id in page
    assert page.count("02:30:00 CE") == 20
    assert "leave this one out" in page
    assert "Europe/Berlin" in page


def test_the_last_runs_show_what_they_returned(web, nightly):
    make_job("succeeded", schedule=nightly.name, result='{"deleted": 7, "name": "<b>"}')
    make_job("succeeded", schedule=nightly.name, result="null")
    make_job("succeeded", schedule=nightly.name, result=json.dumps("x" * 50_000))
    make_job("failed", schedule=nightly.name)

    page = web.get(f"/schedules/{nightly.pk}/").text

    assert "{&quot;deleted&quot;: 7, &quot;name&quot;: &quot;&lt;b&gt;&quot;}" in page
    assert f"{'x' * 100}" in page
    assert f"{'x' * 200}" not in page
    assert "null" not in page


def test_the_preview_says_where_an_hour_comes_twice_or_does_not_exist(web, nightly):
    def seen(begin):
        PeriodicTask.objects.update(start_time=begin)
        return web.get(f"/schedules/{nightly.pk}/").text

    spring = seen(datetime(2027, 3, 20, tzinfo=UTC))
    assert spring.count("moved: its time does not exist that day") == 1
    assert "Sun 28 Mar, 03:00:00 CEST" in spring
    autumn = seen(datetime(2027, 10, 25, tzinfo=UTC))
    assert autumn.count("this hour comes twice") == 1
    assert "Sun 31 Oct, 02:30:00 CEST" in autumn


def test_a_broken_schedule_is_shown(web, nightly):
    CrontabSchedule.objects.update(minute="61")

    assert web.get("/schedules/").status_code == 200
    assert web.get(f"/schedules/{nightly.pk}/").status_code == 200


def test_run_now_leads_to_the_job(web, nightly):
    answer = web.post(f"/schedules/{nightly.pk}/run")

    job = Job.objects.get()
    assert answer["Location"] == f"/jobs/{job.id}/"
    assert (job.schedule, job.requested_by) == (nightly.name, "ann")


def test_what_cannot_run_is_told(web, nightly):
    PeriodicTask.objects.update(args="[")

    page = web.post(f"/schedules/{nightly.pk}/run", follow=True).text

    assert "are not JSON" in page


def test_pause_and_resume(web, nightly):
    assert "The schedule is off." in web.post(f"/schedules/{nightly.pk}/pause", follow=True).text
    assert not PeriodicTask.objects.get().enabled
    assert "was off already" in web.post(f"/schedules/{nightly.pk}/pause", follow=True).text
    assert "The schedule is on." in web.post(f"/schedules/{nightly.pk}/resume", follow=True).text
    assert PeriodicTask.objects.get().enabled


@pytest.mark.parametrize("verb", ["run", "pause", "resume"])
def test_buttons_need_a_post_a_login_and_a_schedule(client, web, nightly, verb):
    assert web.get(f"/schedules/{nightly.pk}/{verb}").status_code == 405
    assert web.post(f"/schedules/{nightly.pk + 1}/{verb}").status_code == 404
    client.logout()
    assert client.post(f"/schedules/{nightly.pk}/{verb}").status_code == 302
    assert not Job.objects.exists()


def test_a_schedule_that_does_not_exist_is_not_found(web):
    assert web.get("/schedules/4711/").status_code == 404


def test_the_policy_is_edited_beside_the_schedule(boss, nightly):
    address = f"/admin/django_celery_beat/periodictask/{nightly.pk}/change/"
    context = boss.get(address).context
    values = dict(context["adminform"].form.initial)
    formset = context["inline_admin_formsets"][0].formset
    values |= {f"policy-{k}": v for k, v in formset.management_form.initial.items()}
    values |= {f"policy-0-{k}": v.initial for k, v in formset.forms[0].fields.items()}
    values |= {"policy-0-overlap": "skip", "policy-0-schedule": nightly.pk}
    ticked = {k: v for k, v in values.items() if v is not None and v is not False}
    answer = boss.post(address, ticked)

    assert answer.status_code == 302, answer.context["errors"]
    assert SchedulePolicy.objects.get(schedule=nightly).overlap == "skip"


def test_the_admin_runs_with_every_option(boss, nightly):
    PeriodicTask.objects.update(priority=8, queue="slow")

    boss.post(
        "/admin/django_celery_beat/periodictask/",
        {"action": "run_tasks", "_selected_action": [nightly.pk]},
    )

    job = Job.objects.get()
    assert (job.priority, job.queue, job.requested_by) == (8, "slow", "boss")

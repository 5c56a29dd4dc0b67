"""Django's admin: schedules that beat keeps, and what is done with jobs."""

import pytest
from django_celery_beat.models import IntervalSchedule, PeriodicTask, PeriodicTasks
from playwright.sync_api import expect

from tests.acceptance.stack import wait_until
from tests.browser.visits import staying_on
from tests.browser.workload import read


@pytest.fixture
def hourly(site):
    """A schedule that comes too rarely to be waited for."""
    every = IntervalSchedule.objects.create(every=1, period=IntervalSchedule.HOURS)
    task = PeriodicTask.objects.create(
        name="Count the hives", task="test.add", args="[1, 2]", interval=every
    )
    yield task
    task.delete()
    PeriodicTasks.update_changed()


def test_a_schedule_that_is_changed_in_the_admin_fires_as_changed(page, hourly):
    page.goto("/")
    page.get_by_role("link", name="Admin").click()
    page.get_by_role("link", name="Periodic tasks", exact=True).click()
    page.get_by_role("link", name=hourly.name).click()
    with page.expect_popup() as popup:
        page.locator("#add_id_interval").click()
    popup.value.get_by_label("Number of Periods").fill("1")
    popup.value.get_by_label("Interval Period").select_option("seconds")
    popup.value.get_by_role("button", name="Save").click()
    expect(page.locator("#id_interval option:checked")).to_have_text("every second")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator(".messagelist .success")).to_contain_text("was changed successfully")

    page.goto("/")
    line = page.locator(".line", has_text=hourly.name)
    with staying_on(page):
        expect(line).to_contain_text("every second")
        expect(line).to_contain_text("the last succeeded")
    page.goto(f"/jobs/?schedule={hourly.name}")
    rows = page.locator("table.jobs tbody tr")
    expect(rows.first).to_contain_text(f"by schedule {hourly.name}")
    page.locator(".newer a").click()
    wait_until(lambda: rows.count() > 1, why="it fires again and again")


def test_the_admin_retries_the_jobs_that_were_selected(page, tmp_path):
    path = tmp_path / "letter.txt"
    job = read.delay(str(path))
    page.goto(f"/jobs/{job.id}/")
    expect(page.locator(".why")).to_contain_text("FileNotFoundError")
    path.write_text("Dear reader")
    page.goto("/admin/jobs/job/?state__exact=failed")
    page.locator(f'input.action-select[value="{job.id}"]').check()
    page.locator("select[name=action]").select_option("retry")
    page.get_by_role("button", name="Go").click()
    expect(page.locator(".messagelist .success")).to_have_text("1 job of 1 queued again.")
    page.goto(f"/jobs/{job.id}/")
    expect(page.locator(".why")).to_contain_text("on attempt 2")


def test_a_job_is_to_be_looked_at_in_the_admin_with_its_attempts(page, tmp_path):
    job = read.delay(str(tmp_path / "missing.txt"))
    page.goto(f"/jobs/{job.id}/")
    expect(page.locator(".why")).to_contain_text("FileNotFoundError")
    page.goto(f"/admin/jobs/job/{job.id}/change/")
    expect(page.locator("#content")).to_contain_text("test.read")
    expect(page.locator("#content")).to_contain_text("FileNotFoundError")
    expect(page.get_by_role("button", name="Save")).to_have_count(0)

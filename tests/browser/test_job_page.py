"""The page of a job follows it and can steer it."""

import re

from playwright.sync_api import expect

from jobs.engine.actions.job_actions import cancel_jobs
from tests.acceptance import workload
from tests.browser.visits import staying_on
from tests.browser.workload import read, stages


def why(page):
    return page.locator(".why")


def test_progress_log_and_end_of_a_job_come_without_a_reload(page, tmp_path):
    job = stages.delay(str(tmp_path), ["paper", "ink"])
    page.goto(f"/jobs/{job.id}/")
    with staying_on(page):
        bar = page.get_by_role("progressbar")
        expect(why(page)).to_contain_text("running")
        expect(bar).to_have_attribute("value", "0")
        expect(why(page)).to_contain_text("working on paper")
        expect(page.get_by_role("log")).to_contain_text("working on paper")
        (tmp_path / "paper").touch()
        expect(bar).to_have_attribute("value", "50")
        expect(page.get_by_role("log")).to_contain_text("working on ink")
        (tmp_path / "ink").touch()
        expect(why(page)).to_contain_text("Succeeded after")
        expect(page.get_by_role("region", name="Result")).to_contain_text("2 stages")
        expect(bar).to_have_count(0)


def test_the_button_cancels_a_running_job(page):
    job = workload.hold.delay(60)
    page.goto(f"/jobs/{job.id}/")
    with staying_on(page):
        expect(why(page)).to_contain_text("holding")
        expect(page.get_by_role("button", name="Retry")).to_be_disabled()
        page.get_by_role("button", name="Cancel").click()
        expect(why(page)).to_contain_text("Cancelled by ann")
        expect(page.get_by_role("button", name="Cancel")).to_be_disabled()


def test_the_button_runs_a_failed_job_again(page, tmp_path):
    path = tmp_path / "letter.txt"
    job = read.delay(str(path))
    page.goto(f"/jobs/{job.id}/")
    with staying_on(page):
        expect(why(page)).to_contain_text("FileNotFoundError")
        expect(page.locator(".traceback")).to_contain_text("read_text")
        path.write_text("Dear reader")
        page.get_by_role("button", name="Retry").click()
        expect(why(page)).to_have_text(re.compile(r"Succeeded after .*, on attempt 2\."))
        expect(page.get_by_role("region", name="Result")).to_contain_text("Dear reader")


def test_a_job_whose_queue_nobody_listens_to_says_so_and_what_to_type(page):
    job = workload.add.apply_async((1, 2), queue="attic")
    page.goto(f"/jobs/{job.id}/")
    with staying_on(page):
        expect(why(page)).to_contain_text("no worker is listening to queue attic")
        expect(why(page).locator("code")).to_have_text("celery -A config worker -Q attic")
    page.goto("/")
    expect(page.locator(".alarms")).to_contain_text("No worker is listening to queue attic")
    cancel_jobs([job.id], by="the test")
    with staying_on(page):
        expect(page.locator("main")).not_to_contain_text("queue attic")

"""Ask for the report of a day, read it, take it along."""

from datetime import timedelta

import pytest
from django.db.models import F
from playwright.sync_api import expect

from jobs.models import Job
from tests.acceptance import workload
from tests.browser.visits import staying_on

_TIMES = ("created_at", "run_at", "published_at", "claimed_at", "started_at", "finished_at")


@pytest.fixture
def yesterday(site):
    """The day before, on which one job failed."""
    job = workload.fail.delay("the bees were asleep")
    with pytest.raises(ValueError, match="asleep"):
        job.get(timeout=20)
    a_day_ago = {name: F(name) - timedelta(days=1) for name in _TIMES}
    Job.objects.filter(id=job.id).update(**a_day_ago)
    return Job.objects.get(id=job.id).finished_at.date()


def test_the_report_of_yesterday_is_made_while_one_watches_and_can_be_downloaded(page, yesterday):
    page.goto("/reports/")
    page.get_by_label("Day").fill(yesterday.isoformat())
    page.get_by_role("button", name="Make the report").click()
    with staying_on(page):
        expect(page.locator(".why")).to_contain_text("Succeeded after")
    page.get_by_role("link", name="Reports").click()
    page.get_by_role("link", name=yesterday.isoformat(), exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Report of {yesterday}")
    expect(page.locator("article")).to_contain_text("1 × ValueError in test.fail")
    expect(page.locator("article")).to_contain_text("the bees were asleep")
    expect(page.locator("article svg").first).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    assert download.value.suggested_filename == f"jobs-{yesterday}.csv"
    assert "test.fail" in download.value.path().read_text(encoding="utf-8")


def test_a_day_without_a_report_offers_to_make_it(page):
    page.goto("/reports/2001-02-03/")
    expect(page.get_by_role("heading", level=1)).to_have_text("No report of 2001-02-03")
    page.get_by_role("button", name="Make the report").click()
    expect(page.locator(".why")).to_contain_text("Succeeded after")

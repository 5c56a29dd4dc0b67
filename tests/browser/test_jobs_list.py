"""The list of jobs and its filters."""

import pytest
from playwright.sync_api import expect

from jobs.models import Job
from tests.acceptance import workload
from tests.acceptance.stack import wait_until


@pytest.fixture
def known(site):
    """One job that failed, one that succeeded, one that nobody takes."""
    jobs = {
        "failed": workload.fail.delay("the shelf fell").id,
        "succeeded": workload.add.delay(1, 2).id,
        "waiting": workload.add.apply_async((1, 2), queue="shelf").id,
    }
    ended = Job.objects.filter(id__in=jobs.values(), finished_at__isnull=False)
    wait_until(lambda: ended.count() == 2)
    yield jobs
    Job.objects.filter(id__in=jobs.values()).delete()


def expect_shown(page, known, *names):
    """Of the known jobs the list has exactly these."""
    for name, job in known.items():
        expect(page.locator(f'table.jobs a[href="/jobs/{job}/"]')).to_have_count(int(name in names))


def test_the_list_is_narrowed_by_state_words_and_queue(page, known):
    page.goto("/jobs/")
    expect_shown(page, known, "failed", "succeeded", "waiting")
    states = page.get_by_role("navigation", name="State")
    for state, shown in (("failed", "failed"), ("succeeded", "succeeded"), ("queued", "waiting")):
        states.get_by_role("link", name=state).click()
        expect(states.locator("[aria-current]")).to_contain_text(state)
        expect_shown(page, known, shown)
    states.get_by_role("link", name="all").click()
    page.get_by_label("Search").fill("test.fail")
    page.get_by_role("button", name="Find").click()
    expect_shown(page, known, "failed")
    page.get_by_role("link", name="Show all").click()
    expect_shown(page, known, "failed", "succeeded", "waiting")
    page.get_by_text("More", exact=True).click()
    page.get_by_label("Queue").fill("shelf")
    page.get_by_role("button", name="Find").click()
    expect_shown(page, known, "waiting")


def test_words_that_no_job_has_show_a_way_back(page, known):
    page.goto("/jobs/?q=nothing-has-this-name")
    expect(page.locator(".empty")).to_contain_text("No job fits.")
    page.get_by_role("link", name="Show all jobs").click()
    expect_shown(page, known, "failed", "succeeded", "waiting")


def test_jobs_that_are_selected_are_cancelled_together(page, known):
    page.goto("/jobs/?queue=shelf")
    page.get_by_role("checkbox", name=f"Select test.add {known['waiting']}").check()
    expect(page.locator("[data-picked]")).to_have_text("1 selected:")
    page.get_by_role("button", name="Cancel", exact=True).click()
    expect(page.locator(".notice")).to_have_text("1 job cancelled.")
    expect(page.locator("table.jobs")).to_contain_text("cancelled")


def test_a_job_that_comes_while_one_looks_is_announced(page, known):
    page.goto("/jobs/?queue=shelf")
    job = workload.add.apply_async((3, 4), queue="shelf")
    known["new"] = job.id
    page.get_by_role("link", name="1 newer job. Show").click()
    expect_shown(page, known, "waiting", "new")

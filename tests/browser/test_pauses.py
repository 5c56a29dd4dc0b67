"""A queue is paused and resumed by a person."""

import pytest
from playwright.sync_api import expect

from jobs.models import Job, Pause
from tests.acceptance import workload
from tests.browser.test_appearance import LONG, PHONE, TOO_FAINT, TOO_WIDE


@pytest.fixture
def job(site):
    id = workload.add.apply_async((1, 2), queue="shelf").id
    yield id
    Pause.objects.all().delete()
    Job.objects.filter(id=id).delete()


def test_a_queue_is_paused_on_the_page_of_a_job_and_resumed_in_the_banner(page, job):
    page.goto(f"/jobs/{job}/")
    page.get_by_text("Pause", exact=True).first.click()
    page.get_by_label("What").select_option("queue:shelf")
    page.get_by_label("Reason").fill("the shop is closed")
    page.get_by_role("button", name="Pause", exact=True).click()

    banner = page.get_by_role("region", name="Paused")
    expect(banner).to_contain_text("paused queue shelf")
    expect(banner).to_contain_text('ago: "the shop is closed".')
    expect(page.locator(".why")).to_contain_text("Held: ")

    page.goto("/")
    banner.get_by_role("button", name="Resume queue shelf").click()
    expect(banner).to_have_count(0)
    page.goto(f"/jobs/{job}/")
    expect(page.locator(".why")).to_contain_text("queued")


def test_the_banner_fits_a_phone_and_can_be_read(visits, job):
    page = visits.open(**PHONE)
    page.goto("/jobs/?queue=shelf")
    page.get_by_text("Pause this queue").click()
    page.get_by_label("Reason").fill(LONG)
    page.get_by_role("button", name="Pause", exact=True).click()
    page.get_by_text("Pause this queue").click()

    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        assert page.evaluate(TOO_WIDE) == []
        assert page.evaluate(TOO_FAINT) == []

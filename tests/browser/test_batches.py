"""A batch is watched, cancelled and retried; all jobs that match are acted on at once."""

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from jobs.engine.batches import batch
from jobs.engine.bulk import submit_many
from jobs.models import Batch, BulkAction, Job
from tests.acceptance import batch_workload, workload


@pytest.fixture(autouse=True)
def swept(site):
    yield
    Job.objects.filter(state__in=("failed", "succeeded", "cancelled")).exclude(batch=None).delete()
    Job.objects.filter(queue="nowhere").delete()
    BulkAction.objects.all().delete()
    Batch.objects.all().delete()


def test_a_batch_is_seen_moving_and_what_failed_is_retried(page, tmp_path):
    flag = tmp_path / "repaired"
    told = batch_workload.note_batch.s(str(tmp_path / "told"))
    with batch("Import of May", on_finish=told) as made:
        made.submit_many(workload.needs, [((str(flag),), {})] * 2)
        made.submit_many(workload.hold, [((1.5,), {})] * 8)
    page.goto("/batches/")
    page.get_by_role("link", name="Import of May").click()
    expect(page.locator("h1")).to_have_text("Import of May")
    expect(page.locator("progress")).to_have_attribute("value", "100", timeout=60_000)
    expect(page.locator("#top .state")).to_have_text("failed")
    expect(page.locator("#top")).to_contain_text("8 of 10 jobs succeeded; 2 failed")
    expect(page.locator(".cause")).to_contain_text("× 2")
    expect(page.locator("#callbacks .state")).to_have_text("succeeded", timeout=30_000)
    flag.touch()
    page.get_by_role("button", name="Retry what failed").click()
    expect(page.locator("#top")).to_contain_text("10 of 10 jobs succeeded", timeout=30_000)
    expect(page.locator("#top .state")).to_have_text("succeeded", timeout=30_000)
    page.get_by_role("link", name="All of its jobs").click()
    expect(page.locator("table.jobs tbody tr")).to_have_count(10)
    page.locator("table.jobs tbody a").first.click()
    expect(page.locator("#facts")).to_contain_text("Import of May")


def test_a_whole_batch_is_cancelled(page):
    with batch("Newsletter") as made:
        made.submit_many(workload.hold, [((120,), {})] * 30)
    page.goto(f"/batches/{made.id}/")
    expect(page.locator("#top")).to_contain_text("2 running", timeout=30_000)
    page.get_by_role("button", name="Cancel all").click()
    expect(page.locator("#top .state")).to_have_text("cancelled", timeout=40_000)
    expect(page.locator("#top")).to_contain_text("30 cancelled")
    expect(page.get_by_role("button", name="Cancel all")).to_be_disabled()


def test_all_that_match_are_retried_after_a_question_and_can_be_watched(page):
    ids = submit_many(workload.add, [((1, 2), {})] * 120, queue="nowhere")
    Job.objects.filter(id__in=ids).update(
        state="failed", finished_at=timezone.now(), error_type="ValueError"
    )
    page.goto("/jobs/?queue=nowhere&state=failed")
    page.locator(".all-matching").get_by_role("button", name="Retry…").click()
    expect(page.locator("h1")).to_have_text("Retry jobs: state failed, queue nowhere")
    page.get_by_role("button", name="Retry 120 jobs").click()
    expect(page.locator("h1")).to_have_text("Bulk actions")
    expect(page.locator("#actions")).to_contain_text("120 jobs queued again", timeout=30_000)
    assert Job.objects.filter(id__in=ids, state="queued", requested_by="ann").count() == 120
    page.goto("/jobs/?queue=nowhere")
    page.locator(".all-matching").get_by_role("button", name="Cancel…").click()
    page.get_by_role("link", name="Leave them").click()
    expect(page.locator("table.jobs tbody tr")).to_have_count(50)
    assert BulkAction.objects.count() == 1

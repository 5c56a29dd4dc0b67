"""The pictures of docs/images, taken of a running site.

python -m scripts.test --leg sqlite tests/browser/screenshot.py
"""

import pytest
from django.core.files.base import ContentFile
from django.core.management import call_command
from django.utils import timezone
from playwright.sync_api import expect

from jobs.models import Job
from jobs.tasks.images import submit_upload
from jobs.tasks.pages import submit_index
from reports.tasks import submit_report
from tests.acceptance.stack import ROOT, wait_until
from tests.browser import showcase
from tests.browser.conftest import running
from tests.browser.photo import drawn
from tests.browser.site import Site
from tests.browser.village import village

IMAGES = ROOT / "docs" / "images"
WORKER = ("-c", "4", "-I", "tests.browser.showcase", "-n", "worker.1@honeycomb")
MOST_BYTES = 300_000


@pytest.fixture(scope="module")
def site(database, tmp_path_factory):
    call_command("seed_schedules", verbosity=0)
    with running(Site(tmp_path_factory.mktemp("site"), worker=WORKER)) as site:
        yield site


@pytest.fixture
def busy(site):
    """Some jobs of every kind; returns the one that runs longest."""
    now = timezone.now()
    export = showcase.export_orders.delay(f"{now:%B %Y}")
    showcase.send_newsletter.delay(issue=48)
    showcase.remind.apply_async(("2026-0391",), countdown=1500)
    with village() as address:
        ids = [
            *(showcase.deliver.delay("https://crm.example.com/hooks/orders").id for _ in "12"),
            submit_index(f"{address}/bees", by="ann"),
            submit_report(timezone.localdate(), by="ann"),
            *(showcase.render_invoice.delay(f"2026-04{n}").id for n in (11, 12)),
            submit_upload(ContentFile(drawn(), "hills.jpg"), by="ann", now=now).job,
        ]
        ended = Job.objects.filter(id__in=ids, finished_at__isnull=False)
        wait_until(lambda: ended.count() == len(ids), 60)
    wait_until(lambda: Job.objects.get(id=export.id).progress_done == 1290, 60)
    yield export
    Job.objects.all().delete()


def take(page, name):
    IMAGES.mkdir(parents=True, exist_ok=True)
    file = IMAGES / name
    page.screenshot(path=file)
    assert file.stat().st_size < MOST_BYTES


def test_the_pictures_for_the_readme(visits, busy):
    page = visits.open(color_scheme="light")
    page.goto("/")
    expect(page.locator(".lines")).to_contain_text(["64 %"])
    expect(page.locator(".lines")).to_contain_text(["31 %"])
    take(page, "home.png")
    page.goto(f"/jobs/{busy.id}/")
    expect(page.get_by_role("log")).to_contain_text("Part 5")
    take(page, "job.png")

"""The pictures of docs/images, taken of a running site.

python -m scripts.test --leg sqlite tests/browser/screenshot.py
"""

import io

import pytest
from django.core.files.base import ContentFile
from django.core.management import call_command
from django.utils import timezone
from PIL import Image, ImageDraw
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


def take(page, name, **options):
    IMAGES.mkdir(parents=True, exist_ok=True)
    file = IMAGES / name
    page.screenshot(path=file, **options)
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


def test_the_picture_of_a_pipeline(visits, site, tmp_path):
    corner = tmp_path / "hachi.png"
    corner.write_bytes(_badge())
    page = visits.open(color_scheme="light", viewport={"width": 1280, "height": 1010})
    with village() as address:
        urls = [f"{address}/hills/{n}.jpg" for n in range(42)]
        urls[7:7] = [f"{address}/lost/{n}.jpg" for n in range(3)]
        urls[20:20] = [f"{address}/far/{n}.jpg" for n in range(6)]
        urls += [f"{address}/bees"]
        page.goto("/pipelines/new")
        page.get_by_label("Addresses, a line each").fill("\n".join(urls))
        page.locator("[name=template_file]").set_input_files(corner)
        page.locator("[name=opacity]").fill("85")
        page.get_by_label("Name of the pipeline").fill("Views for the autumn catalogue")
        take(page, "pipeline-new.png", full_page=True)
        page.get_by_role("button", name="Start").click()
        expect(page.locator("#top")).to_contain_text("42 of 52 pictures done, 4 failed")
        expect(page.locator(".chunks")).to_contain_text("5 downloading")
        wait_until(
            lambda: page.evaluate(
                "() => [...document.querySelectorAll('.strip img')].every((i) => i.complete)"
            )
        )
        take(page, "pipeline.png")
        page.get_by_role("button", name="Cancel").click()
        expect(page.locator("#top")).to_contain_text("Cancelled by ann after")
        page.goto("about:blank")


def _badge():
    """The hexagon of Hachi, as a shop would lay its mark on photos."""
    badge = Image.new("RGBA", (400, 400), (0, 0, 0, 0))
    draw = ImageDraw.Draw(badge)
    draw.regular_polygon((200, 200, 190), 6, rotation=30, fill=(240, 180, 41, 255))
    draw.line([(170, 120), (160, 210), (105, 285)], fill=(35, 29, 18, 255), width=34)
    draw.line([(225, 105), (245, 210), (310, 285)], fill=(35, 29, 18, 255), width=34)
    out = io.BytesIO()
    badge.save(out, "PNG")
    return out.getvalue()

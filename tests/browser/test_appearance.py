"""How every page looks: by day, by night, on a phone."""

import pytest
from django.core.files.base import ContentFile
from django.utils import timezone
from django_celery_beat.models import CrontabSchedule, PeriodicTask
from playwright.sync_api import expect

from jobs.engine.actions import bulk_actions
from jobs.engine.batches import batch
from jobs.models import Batch, Job, Page
from jobs.operations.pipelines.start import NewPipeline
from jobs.operations.pipelines.templates import store_template
from jobs.queries.jobs import JobFilter
from jobs.tasks.images import submit_upload
from jobs.tasks.pages import submit_index
from jobs.tasks.pipelines import start_pipeline
from jobs.work.pipeline import Recipe
from reports.tasks import submit_report
from tests.acceptance import batch_workload, workload
from tests.acceptance.stack import wait_until
from tests.browser.village import village
from tests.integration.pipeline_runs import png

PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
LONG = "a-name-without-any-place-to-break-" * 4

#: Elements that reach beyond the window, without those inside a box that scrolls by itself.
TOO_WIDE = """() => {
  const scrolls = (e) => e && (/auto|scroll|hidden/.test(getComputedStyle(e).overflowX) ||
    scrolls(e.parentElement));
  return [...document.querySelectorAll("body *")]
    .filter((e) => e.getBoundingClientRect().right > 390.5 && !scrolls(e.parentElement))
    .map((e) => `${e.tagName} ${e.className} ${e.textContent.trim().slice(0, 40)}`);
}"""

#: Visible text whose contrast with what lies behind it is less than WCAG AA asks for.
TOO_FAINT = """() => {
  const canvas = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
  const rgba = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return canvas.getImageData(0, 0, 1, 1).data;
  };
  const light = (c) => [0.2126, 0.7152, 0.0722].reduce((sum, weight, i) => {
    const s = c[i] / 255;
    return sum + weight * (s <= 0.04045 ? s / 12.92 : ((s + 0.055) / 1.055) ** 2.4);
  }, 0);
  const behind = (e) => {
    const colour = rgba(e ? getComputedStyle(e).backgroundColor : "Canvas");
    return colour[3] > 250 || !e ? colour : behind(e.parentElement);
  };
  const says = (e) => [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
  const found = [];
  for (const e of document.querySelectorAll("body *")) {
    if (!says(e) || !e.checkVisibility() || e.matches("button:disabled, option")) continue;
    const style = getComputedStyle(e);
    const [a, b] = [light(rgba(style.color)), light(behind(e))].sort((x, y) => y - x);
    const size = parseFloat(style.fontSize);
    const least = size >= 24 || (size >= 18.6 && style.fontWeight >= 700) ? 3 : 4.5;
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < least) {
      found.push(`${ratio.toFixed(2)} ${e.tagName}.${e.className} ${e.textContent.trim()}`);
    }
  }
  return found;
}"""


@pytest.fixture(scope="module")
def paths(site, photo):
    """Every page of the site, with something on it that is as long as it gets."""
    failed = workload.fail.delay(LONG * 3).id
    talked = workload.talk.delay().id
    upload = ContentFile(photo.read_bytes(), f"{LONG}.jpg")
    picture = submit_upload(upload, by="ann", now=timezone.now())
    today = timezone.localdate()
    report = submit_report(today, by="ann")
    with village() as address:
        indexed = submit_index(f"{address}/bees?{LONG}", by="ann")
        jobs = [failed, talked, picture.job, report, indexed]
        ended = Job.objects.filter(id__in=jobs, finished_at__isnull=False)
        wait_until(lambda: ended.count() == len(jobs))
    pipeline = _pipeline()
    running = workload.hold.delay(600).id
    waiting = workload.add.apply_async((LONG, LONG), queue=LONG[:90]).id
    assert Page.objects.exists()
    yearly = CrontabSchedule.objects.create(minute="0", hour="0", month_of_year="1")
    schedule = PeriodicTask.objects.create(name=LONG[:110], task="test.add", crontab=yearly)
    batch = many(LONG)
    bulk_actions.ask("delete", JobFilter(task=LONG), by=LONG)
    yield [
        "/login/",
        "/batches/",
        f"/batches/{batch}/",
        f"/jobs/?batch={batch}",
        "/bulk/",
        f"/bulk/ask?verb=retry&batch={batch}",
        f"/bulk/ask?verb=delete&task={LONG}",
        "/",
        "/jobs/",
        "/jobs/?state=failed&task=test.fail",
        "/jobs/?q=nothing",
        *(f"/jobs/{job}/" for job in (*jobs, running, waiting)),
        "/pictures/",
        f"/pictures/{picture.pk}/",
        "/schedules/",
        f"/schedules/{schedule.pk}/",
        "/pipelines/",
        "/pipelines/new",
        f"/pipelines/{pipeline.pk}/",
        f"/pipelines/{pipeline.pk}/items/",
        "/pages/",
        "/pages/?q=orchards",
        "/reports/",
        f"/reports/{today}/",
        "/reports/2001-02-03/",
    ]
    Job.objects.filter(id=waiting).delete()
    Job.objects.exclude(batch=None).delete()
    Batch.objects.all().delete()
    workload.hold.AsyncResult(running).revoke(terminate=True)  # or it keeps a slot for ten minutes


def _pipeline():
    """One whose pictures all fail, with addresses that are as long as they get."""
    template = store_template(ContentFile(png(), f"{LONG}.png"), by="ann", now=timezone.now())
    wanted = NewPipeline(
        name=LONG,
        urls=[f"http://127.0.0.1:9/{LONG}{n}.jpg" for n in range(3)],
        recipe=Recipe(template=png()),
        template=template,
        destination="local",
    )
    pipeline = start_pipeline(wanted, by="ann")
    again = pipeline.items.filter(attempt__gte=1, reason="unreachable")
    wait_until(lambda: again.count() == 3, 60)
    return pipeline


def many(name):
    """A batch whose jobs are in every state."""
    with batch(name, on_finish=batch_workload.note_batch.s("/dev/null"), requested_by=LONG) as made:
        failed = made.submit(workload.fail.s(LONG * 3)).id
        made.submit(workload.add.s(1, 2).set(queue=LONG[:90]))
        made.submit(workload.add.s(1, 2).set(countdown=3600))
    wait_until(lambda: Job.objects.filter(id=failed, state="failed").exists())
    return made.id


def looked_at(visits, paths, **options):
    """A window that goes through all pages; the login is seen by those who are not signed in."""
    stranger = visits.open(signed_in=False, **options)
    ann = visits.open(**options)
    for path in paths:
        page = stranger if path == "/login/" else ann
        page.goto(path)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        yield path, page


def test_no_page_is_wider_than_a_phone(visits, paths):
    wide = {
        path: page.evaluate(TOO_WIDE)
        for path, page in looked_at(visits, paths, **PHONE)
        if page.evaluate("() => document.documentElement.scrollWidth") > 390
    }
    assert wide == {}


def test_every_text_can_be_read_by_day_and_by_night(visits, paths):
    faint = {}
    for path, page in looked_at(visits, paths):
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            if found := page.evaluate(TOO_FAINT):
                faint[path, scheme] = found
    assert faint == {}


def test_the_pages_turn_dark_with_the_system(page):
    page.goto("/")
    ground = page.locator("body")
    page.emulate_media(color_scheme="light")
    expect(ground).to_have_css("background-color", "rgb(250, 247, 240)")
    page.emulate_media(color_scheme="dark")
    expect(ground).to_have_css("background-color", "rgb(21, 19, 15)")


def test_the_pages_of_a_phone_are_reached_by_the_thumb(visits):
    page = visits.open(**PHONE)
    page.goto("/")
    bar = page.get_by_role("navigation", name="Pages")
    for name in ("Jobs", "Batches", "Pictures", "Pipelines", "Pages", "Reports"):
        bar.get_by_role("link", name=name).tap()
        expect(page.get_by_role("heading", level=1)).to_have_text(name)
        expect(bar.locator("[aria-current=page]")).to_have_text(name)
        assert bar.bounding_box()["y"] > 700

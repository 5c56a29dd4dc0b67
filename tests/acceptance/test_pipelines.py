"""Pipelines with real workers, a server that misbehaves, and a bucket that goes away."""

import random
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from celery import chain, group
from django.utils import timezone
from PIL import Image

from jobs.models import Job, Pipeline
from jobs.queries.pipelines import causes_of, headline, progress_of
from jobs.states import State
from jobs.tasks.pipeline import compose, download, upload
from jobs.tasks.pipelines import cancel_pipeline, retry_pipeline
from tests.acceptance.pipeline_site import (
    begin,
    connected_to,
    done,
    ended,
    files,
    photos,
    prepared,
)
from tests.acceptance.stack import wait_until
from tests.servers.buckets import set_status, sink
from tests.servers.pictures import picture_server


@pytest.fixture(scope="module")
def pictures():
    with picture_server(latency=0.02) as url:
        yield url


@pytest.fixture
def site(stack, settings, tmp_path):
    prepared(stack, settings, tmp_path)
    return stack


def test_every_kind_of_address_ends_in_a_class(site, pictures):
    site.worker("-c", "2", FETCH_SECONDS="5")
    kinds = ("missing", "page", "truncated", "private", "gone-on", "busy")
    bad = [f"{pictures}/{kind}/1" for kind in kinds]
    bombs = [f"{pictures}/bomb/{n}" for n in (0, 1, 2, 3, 5)]
    pipeline = ended(begin(photos(pictures, 6) + bad + bombs))
    causes = {cause.reason: cause.number for cause in causes_of(pipeline)}
    assert (pipeline.done, pipeline.failed, pipeline.cancelled) == (8, 9, 0), causes
    assert causes["not_found"] == causes["not_an_image"] == causes["blocked"] == 1
    assert sum(causes.values()) == 9
    assert set(causes) <= {
        *("not_found", "not_an_image", "blocked", "broken_image", "oversized", "too_large")
    }
    assert files(site.results) == sorted(
        pipeline.items.filter(state="done").values_list("name", flat=True)
    )
    for item in pipeline.items.filter(state="done"):
        assert (site.results / item.name).stat().st_size == item.output_bytes
        assert Path(site.environment["MEDIA_ROOT"], item.thumbnail).stat().st_size > 0


def test_a_worker_that_is_killed_in_the_middle_loses_and_doubles_nothing(site, pictures):
    doomed = site.worker("-c", "2", name="doomed")
    pipeline = begin(photos(pictures, 60))
    wait_until(lambda: done(pipeline) >= 5, 60)
    doomed.kill()
    assert done(pipeline) < 60
    site.worker("-c", "2", name="heir")
    pipeline = ended(pipeline)
    assert (pipeline.done, pipeline.failed, pipeline.cancelled) == (60, 0, 0)
    names = sorted(pipeline.items.values_list("name", flat=True))
    assert files(site.results) == names
    assert len(set(names)) == 60
    # Nothing is left of what was kept for a retry, not even by the run that died.
    assert files(Path(site.environment["MEDIA_ROOT"], "pipelines", "originals")) == []


def test_a_cancel_at_any_moment_stops_everything_and_leaves_nothing(site, pictures, tmp_path):
    site.worker("-c", "2")
    slow = [f"{pictures}/{kind}/{n}" for n in range(8) for kind in ("silent", "slow", "endless")]
    urls = photos(pictures, 120) + slow
    random.shuffle(urls)
    pipeline = begin(urls)
    moment = random.randint(1, 12)
    wait_until(lambda: done(pipeline) >= moment, 60)
    assert cancel_pipeline(pipeline.pk, by="ben")
    running = Job.objects.filter(task="jobs.run_pipeline_chunk", state=State.RUNNING)
    # On a machine with nothing else to do it takes a second or so; here others may have it, too.
    wait_until(lambda: not running.exists(), 15, "no chunk runs any more")
    wait_until(lambda: not connected_to(urlsplit(pictures).port), 5, "no socket is left")
    row = ended(pipeline, 20)
    assert row.done + row.failed + row.cancelled == len(urls)
    assert row.cancelled > 0
    assert files(site.results) == sorted(
        pipeline.items.filter(state="done").values_list("name", flat=True)
    )
    assert files(tmp_path / "tmp") == []


def test_a_destination_that_is_down_is_waited_for(site, pictures):
    with sink() as bucket:
        site.environment |= {
            "PIPELINE_S3_BUCKET": bucket.bucket,
            "PIPELINE_S3_ENDPOINT": bucket.endpoint,
            "PIPELINE_S3_KEY": bucket.key,
            "PIPELINE_S3_SECRET": bucket.secret,
        }
        set_status(bucket, 503)
        site.worker("-c", "2")
        pipeline = begin(photos(pictures, 20), "s3")
        held = Pipeline.objects.filter(pk=pipeline.pk, held_times__gte=2)
        wait_until(held.exists, 90, "the destination was found down twice")
        assert not pipeline.items.filter(state__in=("failed", "done")).exists()
        row, now = held.get(), timezone.now()
        assert "The destination takes nothing" in headline(row, progress_of(row, now), now)
        set_status(bucket, 200)
        row = ended(pipeline)
    assert (row.done, row.failed) == (20, 0)
    assert row.held_until is None
    assert set(Job.objects.filter(batch_id=row.batch).values_list("state")) == {("succeeded",)}


def test_what_failed_is_retried_alone(site, pictures):
    site.worker("-c", "2")
    pipeline = ended(begin([*photos(pictures, 3), f"{pictures}/missing/1"]))
    times = dict(pipeline.items.filter(state="done").values_list("number", "finished_at"))
    assert (pipeline.done, pipeline.failed) == (3, 1)
    pipeline.items.filter(state="failed").update(url=f"{pictures}/photo/9.jpg")
    assert retry_pipeline(pipeline.pk, by="ben") == 1
    pipeline = ended(pipeline)
    assert (pipeline.done, pipeline.failed, pipeline.lap) == (4, 0, 2)
    again = dict(pipeline.items.exclude(number=4).values_list("number", "finished_at"))
    assert again == times


def test_the_steps_are_a_chain_that_anybody_can_build(site, pictures):
    site.worker("-c", "1")
    pipeline = begin(photos(pictures, 1))
    steps = chain(
        download.s(f"{pictures}/photo/1.jpg"),
        compose.s({"mode": "frame", "format": "png"}, template=pipeline.template_id),
        upload.s("local", "bees/one.png"),
    )
    stored = steps.delay().get(timeout=60)
    assert stored["name"] == "bees/one.png"
    assert (site.results / "bees" / "one.png").read_bytes().startswith(b"\x89PNG")
    assert (site.results / "bees" / "one.png").stat().st_size == stored["bytes"]
    ended(pipeline)


def test_two_pictures_are_made_of_one_download(site, pictures):
    site.worker("-c", "2")
    pipeline = begin(photos(pictures, 1))
    steps = chain(
        download.s(f"{pictures}/photo/1.jpg"),
        group(
            chain(
                compose.s({"mode": "frame", "max_width": width}, template=pipeline.template_id),
                upload.s("local", f"bees/{width}.jpg"),
            )
            for width in (100, 200)
        ),
    )
    steps.delay().get(timeout=60)
    for width in (100, 200):
        with Image.open(site.results / "bees" / f"{width}.jpg") as picture:
            assert picture.width == width
    ended(pipeline)

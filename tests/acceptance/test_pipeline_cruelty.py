"""Pipelines with real workers: kills, cancels and outages, and a bucket that counts."""

import random
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from jobs.models import Job, Pipeline
from jobs.states import State
from jobs.tasks.pipelines import cancel_pipeline, retry_pipeline
from tests.acceptance.pipeline_site import begin, connected_to, done, ended, files, photos, prepared
from tests.acceptance.stack import wait_until
from tests.servers.buckets import puts, set_status, sink
from tests.servers.pictures import picture_server


@pytest.fixture(scope="module")
def pictures():
    with picture_server(latency=0.02) as url:
        yield url


@pytest.fixture
def bucket():
    with sink(latency=0.05) as place:
        yield place


@pytest.fixture
def site(stack, settings, tmp_path, bucket):
    prepared(stack, settings, tmp_path)
    stack.environment |= {
        "PIPELINE_S3_BUCKET": bucket.bucket,
        "PIPELINE_S3_ENDPOINT": bucket.endpoint,
        "PIPELINE_S3_KEY": bucket.key,
        "PIPELINE_S3_SECRET": bucket.secret,
    }
    return stack


@pytest.mark.parametrize("seed", range(2))
def test_a_kill_at_any_moment_uploads_nothing_under_two_names(site, pictures, bucket, seed):
    doomed = site.worker("-c", "2", name="doomed")
    pipeline = begin(photos(pictures, 60), "s3")
    moment = random.Random(seed).randint(1, 40)
    wait_until(lambda: done(pipeline) >= moment, 60)
    doomed.kill()
    assert done(pipeline) < 60
    site.worker("-c", "2", name="heir")
    pipeline = ended(pipeline)
    assert (pipeline.done, pipeline.failed, pipeline.cancelled) == (60, 0, 0)
    found = puts(bucket)
    assert set(found) == set(pipeline.items.values_list("name", flat=True))
    # What was under way at the kill may be put once more: the same bytes in its own place.
    again = [times for times, _ in found.values() if times > 1]
    assert len(again) <= 2 * 8
    assert set(again) <= {2}
    assert {contents for _, contents in found.values()} == {1}


@pytest.mark.parametrize("seed", range(3))
def test_a_cancel_at_any_moment_ends_all_stages_within_two_seconds(
    site, pictures, bucket, tmp_path, seed
):
    site.worker("-c", "2")
    kinds = ("silent", "slow", "endless")
    urls = photos(pictures, 120) + [f"{pictures}/{kind}/{n}" for n in range(8) for kind in kinds]
    dice = random.Random(seed)
    dice.shuffle(urls)
    pipeline = begin(urls, "s3")
    running = Job.objects.filter(task="jobs.run_pipeline_chunk", state=State.RUNNING)
    wait_until(running.exists, 30)
    time.sleep(dice.uniform(0, 3))  # the moment is what is random here
    assert cancel_pipeline(pipeline.pk, by="ben")
    # Two seconds; the tests that run beside this one may keep a processor from it for as long.
    wait_until(lambda: not running.exists(), 4, "no stage runs two seconds after the cancel")
    ports = [urlsplit(url).port for url in (pictures, bucket.endpoint)]
    wait_until(lambda: not any(map(connected_to, ports)), 4, "no socket is left")
    row = ended(pipeline, 20)
    assert row.done + row.failed + row.cancelled == len(urls)
    assert set(puts(bucket)) >= set(
        pipeline.items.filter(state="done").values_list("name", flat=True)
    )
    assert files(tmp_path / "tmp") == []
    media = Path(site.environment["MEDIA_ROOT"])
    assert [name for name in files(media) if name.endswith(".part")] == []
    # Kept for "Go on", which uses them, and nothing is left after that.
    assert len(files(media / "pipelines" / "originals")) <= row.cancelled + row.failed
    retry_pipeline(pipeline.pk, frozenset({"cancelled"}), by="ben")
    assert cancel_pipeline(pipeline.pk, by="ben") or ended(pipeline, 20)


def test_a_destination_that_fails_in_the_middle_fails_nothing(site, pictures, bucket):
    site.worker("-c", "2")
    pipeline = begin(photos(pictures, 60), "s3")
    wait_until(lambda: done(pipeline) >= 5, 60)
    set_status(bucket, 503)
    held = Pipeline.objects.filter(pk=pipeline.pk, held_until__isnull=False)
    wait_until(held.exists, 60, "the destination was found down")
    assert not pipeline.items.filter(state="failed").exists()
    set_status(bucket, 200)
    row = ended(pipeline)
    assert (row.done, row.failed) == (60, 0)
    assert set(puts(bucket)) == set(pipeline.items.values_list("name", flat=True))

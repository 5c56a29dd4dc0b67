import csv
import io

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import call_command
from django.core.management.base import CommandError
from django.utils import timezone

from jobs.models import Lane, Pipeline, PipelineTemplate
from jobs.operations.pipelines.templates import store_template
from tests.integration.pipeline_runs import failed, fresh, png, run_chunks

pytestmark = pytest.mark.django_db


def said(*arguments):
    out = io.StringIO()
    call_command("pipeline", *arguments, stdout=out, stderr=io.StringIO())
    return out.getvalue()


@pytest.fixture
def files(pipeline_folder):
    """A list and a template."""
    urls, picture = pipeline_folder / "urls.csv", pipeline_folder / "corner.png"
    urls.write_text("url,name\nhttps://example.com/1.jpg,a\nhttps://example.com/2.jpg,b\n")
    picture.write_bytes(png())
    return str(urls), str(picture)


def test_a_pipeline_is_started_watched_and_retried(files, chunk_runs):
    urls, picture = files
    out = said("start", urls, "--template", picture, "--mode", "frame", "--opacity", "0.4")
    pipeline = Pipeline.objects.get(pk=out.strip())
    assert (pipeline.total, pipeline.name, pipeline.destination) == (2, "urls.csv", "local")
    assert (pipeline.recipe["mode"], pipeline.recipe["opacity"]) == ("frame", 0.4)
    assert "running: 2 pictures to make" in said("status", str(pipeline.pk))
    chunk_runs.ends = failed
    run_chunks(pipeline)
    text = said("status", str(pipeline.pk), "--wait")
    assert "failed: It took" in text
    assert "2 Nothing there (404) (not_found)" in text
    assert "https://example.com/1.jpg: It did not work." in text
    assert (
        said("retry", str(pipeline.pk), "--reason", "not_found") == "2 pictures taken up again.\n"
    )
    assert "being cancelled" in said("cancel", str(pipeline.pk))
    assert fresh(pipeline).cancelled == 2
    rows = list(csv.DictReader(io.StringIO(said("csv", str(pipeline.pk)))))
    assert [row["state"] for row in rows] == ["cancelled", "cancelled"]
    assert f"{pipeline.pk}\tcancelled\t0 done, 0 failed of 2" in said("list")


def test_a_template_that_was_uploaded_is_named_by_its_id(files, template):
    said("start", files[0], "--template", template.digest)
    assert Pipeline.objects.get().template == template
    assert PipelineTemplate.objects.count() == 1


def test_a_host_is_given_manners_and_other_ones(db):
    said("manners", "Photos.example.com", "--width", "3", "--rate", "30/m")
    said("manners", "photos.example.com", "--width", "2")
    lane = Lane.objects.get()
    assert (lane.key, lane.width, lane.rate_count) == ("host:photos.example.com", 2, None)
    for wrong in (("--width", "0"), ("--width", "1", "--rate", "often")):
        with pytest.raises(CommandError):
            said("manners", "photos.example.com", *wrong)


def test_mistakes_are_told_in_sentences(files, pipeline_folder, template, start):
    bad = pipeline_folder / "bad.txt"
    bad.write_text("https://example.com/a\nno address\n")
    with pytest.raises(CommandError, match="Line 2: The URL has a space"):
        said("start", str(bad), "--template", template.digest)
    with pytest.raises(CommandError, match="cannot be read"):
        said("start", files[0], "--template", "nothing.png")
    with pytest.raises(CommandError, match="There is no destination 'moon'"):
        said("start", files[0], "--template", template.digest, "--destination", "moon")
    for folder in ("a" * 101, "../x", "sale-"):
        with pytest.raises(CommandError, match="A folder has letters"):
            said("start", files[0], "--template", template.digest, "--folder", folder)
    default_storage.delete(template.file)
    with pytest.raises(CommandError, match="Upload it again"):
        said("start", files[0], "--template", template.digest)
    assert not Pipeline.objects.exists()
    store_template(ContentFile(png(), "corner.png"), by="ann", now=timezone.now())
    pipeline = start(1)
    with pytest.raises(CommandError, match="has not ended yet"):
        said("retry", str(pipeline.pk))
    with pytest.raises(CommandError, match="There is no such pipeline"):
        said("csv", "00000000-0000-0000-0000-000000000000")


def test_repeated_addresses_are_told_by_status(files, template, pipeline_folder):
    twice = pipeline_folder / "twice.txt"
    twice.write_text("https://example.com/1.jpg\n" * 3)
    id = said("start", str(twice), "--template", template.digest).strip()
    assert "2 lines that repeated an address were left out." in said("status", id)

"""What the tests of pipelines with real workers share."""

from pathlib import Path

from django.core.files.base import ContentFile
from django.utils import timezone

from jobs.models import Pipeline
from jobs.operations.pipelines.start import NewPipeline
from jobs.operations.pipelines.templates import store_template, template_bytes
from jobs.tasks.pipelines import start_pipeline
from jobs.work.pipeline import Recipe
from tests.acceptance.stack import wait_until
from tests.integration.pipeline_runs import png

CHUNK = 8
LONG = 120


def prepared(stack, settings, tmp_path):
    """Make the workers of a stack and this process agree about pipelines."""
    results = tmp_path / "results"
    stack.environment |= {
        "FETCH_ALLOW_LOOPBACK": "true",
        "PIPELINE_FOLDER": str(results),
        "PIPELINE_CHUNK": str(CHUNK),
        # Chunks are to stop by themselves, long before somebody kills their process.
        "CANCEL_GRACE_SECONDS": "30",
        "UPLOAD_TEMP_DIR": str(tmp_path / "tmp"),
        "TMPDIR": str(tmp_path / "tmp"),
    }
    (tmp_path / "tmp").mkdir()
    settings.MEDIA_ROOT = stack.environment["MEDIA_ROOT"]
    settings.HACHI_FETCH_ALLOW_LOOPBACK = True
    settings.HACHI_PIPELINE_CHUNK = CHUNK
    settings.HACHI_PIPELINE_DESTINATIONS = {"local": {"storage": "results"}, "s3": {"s3": {}}}
    stack.results = results


def begin(urls, destination="local", **recipe):
    template = store_template(
        ContentFile(png((200, 120)), "corner.png"), by="ann", now=timezone.now()
    )
    wanted = NewPipeline(
        name="photos",
        urls=urls,
        recipe=Recipe(template=template_bytes(template), max_width=400, **recipe),
        template=template,
        destination=destination,
    )
    return start_pipeline(wanted, by="ann")


def photos(server, number, start=0):
    return [f"{server}/photo/{n}.jpg" for n in range(start, start + number)]


def ended(pipeline, seconds=LONG):
    wait_until(
        lambda: Pipeline.objects.filter(pk=pipeline.pk, finished_at__isnull=False).exists(),
        seconds,
        "the pipeline has ended",
    )
    return Pipeline.objects.get(pk=pipeline.pk)


def done(pipeline):
    return pipeline.items.filter(state="done").count()


def files(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def connected_to(port):
    """Whether a process of this machine has an open connection to a port."""
    wanted, established = f":{port:04X}", "01"
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        _, _, remote, state, *_ = line.split()
        if remote.endswith(wanted) and state == established:
            return True
    return False

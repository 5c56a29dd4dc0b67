"""The Django side of benchmarks.endurance: to be imported once the settings are there."""

import io
import time
from uuid import UUID

from django.core.files.base import ContentFile
from django.utils import timezone
from PIL import Image, ImageDraw

from jobs.models import Job, Pipeline, PipelineItem
from jobs.operations.pipelines.start import NewPipeline
from jobs.operations.pipelines.templates import store_template, template_bytes
from jobs.queries.pipelines import Progress, causes_of, find_pipeline, progress_of
from jobs.states import State
from jobs.tasks.pipelines import cancel_pipeline, start_pipeline
from jobs.work.pipeline import Mode, Recipe


def begun(urls: list[str]) -> UUID:
    """Start a pipeline that lays a frame on each picture and uploads it; returns its id."""
    template = store_template(ContentFile(_frame(), "frame.png"), by="bench", now=timezone.now())
    wanted = NewPipeline(
        name=f"{len(urls)} pictures",
        urls=urls,
        recipe=Recipe(template=template_bytes(template), mode=Mode.FRAME),
        template=template,
        destination="s3",
    )
    return start_pipeline(wanted, by="bench").pk


def progress(pipeline: UUID) -> Progress:
    """How far it is."""
    return progress_of(find_pipeline(pipeline), timezone.now())


def ended(pipeline: UUID) -> bool:
    """Whether all of it has ended."""
    return Pipeline.objects.filter(pk=pipeline, finished_at__isnull=False).exists()


def cancelled(pipeline: UUID) -> float:
    """Cancel it; returns the seconds until no job of it runs any more."""
    running = Job.objects.filter(batch_id=find_pipeline(pipeline).batch, state=State.RUNNING)
    begun = time.monotonic()
    cancel_pipeline(pipeline, by="bench")
    while running.exists():
        time.sleep(0.02)
    return time.monotonic() - begun


def verdict(pipeline: UUID) -> str:
    """The counts by class, and whether they add up."""
    row, now = find_pipeline(pipeline), timezone.now()
    found = progress_of(row, now)
    causes = ", ".join(f"{cause.reason} {cause.number:,}" for cause in causes_of(row))
    open_ = PipelineItem.objects.filter(pipeline=row, finished_at__isnull=True).count()
    names = PipelineItem.objects.filter(pipeline=row).values("name").distinct().count()
    return (
        f"{found.done:,} done, {found.failed:,} failed ({causes}), {found.cancelled:,} cancelled; "
        f"{open_} without an end, {names:,} names for {row.total:,} items, {row.lap} laps"
    )


def _frame() -> bytes:
    """A border and a translucent band, as a shop would lay on its photos."""
    frame = Image.new("RGBA", (1200, 900), (0, 0, 0, 0))
    draw = ImageDraw.Draw(frame)
    draw.rectangle((0, 0, 1199, 899), outline=(35, 29, 18, 255), width=24)
    draw.rectangle((0, 760, 1200, 876), fill=(240, 180, 41, 160))
    out = io.BytesIO()
    frame.save(out, "PNG")
    return out.getvalue()

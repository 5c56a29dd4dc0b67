"""Runs of a pipeline's chunks without workers and without pictures."""

import io
from dataclasses import dataclass, field

from PIL import Image

from jobs.models import Job, Pipeline
from jobs.tasks import pipeline_chunks
from jobs.tasks import pipelines as tasks
from jobs.work.pipeline import Failure, Flow, Outcome, Stage


def png(size=(40, 30), colour="#f0b42980"):
    data = io.BytesIO()
    Image.new("RGBA", size, colour).save(data, "PNG")
    return data.getvalue()


def done(item, **more):
    return Outcome(
        item=item, stage=Stage.UPLOAD, bytes_in=9, bytes_out=7, width=4, height=3, **more
    )


def failed(item, failure=Failure.NOT_FOUND, stage=Stage.DOWNLOAD, **more):
    return Outcome(item=item, stage=stage, failure=failure, detail="It did not work.", **more)


@dataclass
class FakeChunk:
    """Stands in for run_chunk: `ends` says for each item how it ends, or raises."""

    ends: object = done
    ran: list = field(default_factory=list)

    def __call__(self, items, recipe, destination, policy, *, stop, tell, originals, gate):
        flow = Flow()
        for item in items:
            stop()
            self.ran.append(item.number)
            tell([self.ends(item)], flow)
        return flow


def run_chunks(pipeline):
    """Run the chunk jobs of the lap, here and now, and what follows their end."""
    pipeline.refresh_from_db()
    lap = pipeline.lap
    chunks = Job.objects.filter(batch_id=pipeline.batch).count()
    for chunk in range(chunks):
        pipeline_chunks.run_pipeline_chunk(str(pipeline.pk), lap, chunk)
    return tasks.settle_pipeline(str(pipeline.pk), lap)


def states(pipeline):
    return list(pipeline.items.order_by("number").values_list("state", flat=True))


def fresh(pipeline):
    return Pipeline.objects.get(pk=pipeline.pk)

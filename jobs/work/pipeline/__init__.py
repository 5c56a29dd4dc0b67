"""Many URLs in, as many pictures with a template on them out: download, compose, upload.

`run_chunk` does a list of items with the three stages side by side; `steps` has them one by one.
Pure: knows no queue and no tables. Composing evaluates pixels, so it runs only in processes that
will not fork afterwards (`jobs.work.images.vips` says why).
"""

from jobs.work.pipeline.chunk import Tell, run_chunk
from jobs.work.pipeline.composition import Composed, compose
from jobs.work.pipeline.destination import Destination, Stored
from jobs.work.pipeline.errors import BadRecipe, DestinationDown, Halted, ItemFailed
from jobs.work.pipeline.failures import Failure, Stage
from jobs.work.pipeline.flow import Flow
from jobs.work.pipeline.gate import Gate
from jobs.work.pipeline.items import Item, Outcome, output_name
from jobs.work.pipeline.originals import Originals
from jobs.work.pipeline.policy import ChunkPolicy
from jobs.work.pipeline.recipe import Anchor, Mode, Recipe
from jobs.work.pipeline.s3 import Bucket, S3Destination
from jobs.work.pipeline.storages import StorageDestination

__all__ = [
    "Anchor",
    "BadRecipe",
    "Bucket",
    "ChunkPolicy",
    "Composed",
    "Destination",
    "DestinationDown",
    "Failure",
    "Flow",
    "Gate",
    "Halted",
    "Item",
    "ItemFailed",
    "Mode",
    "Originals",
    "Outcome",
    "Recipe",
    "S3Destination",
    "Stage",
    "StorageDestination",
    "Stored",
    "Tell",
    "compose",
    "output_name",
    "run_chunk",
]

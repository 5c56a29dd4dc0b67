"""What pages, API and commands show of pipelines."""

from jobs.queries.pipelines.causes import Cause, causes_of
from jobs.queries.pipelines.find import (
    PipelineNotFound,
    find_item,
    find_pipeline,
    find_template,
    recent_templates,
)
from jobs.queries.pipelines.listing import Line, PipelinePage, list_pipelines, state_of
from jobs.queries.pipelines.progress import Progress, progress_of
from jobs.queries.pipelines.rows import (
    csv_lines,
    csv_rows,
    list_items,
    newest_done,
    running_chunks,
)
from jobs.queries.pipelines.sentences import headline, left_out

__all__ = [
    "Cause",
    "Line",
    "PipelineNotFound",
    "PipelinePage",
    "Progress",
    "causes_of",
    "csv_lines",
    "csv_rows",
    "find_item",
    "find_pipeline",
    "find_template",
    "headline",
    "left_out",
    "list_items",
    "list_pipelines",
    "newest_done",
    "progress_of",
    "recent_templates",
    "running_chunks",
    "state_of",
]

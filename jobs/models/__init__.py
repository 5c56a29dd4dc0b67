"""The tables: columns, constraints, indexes, and the words that queries are made of."""

from jobs.models.attempt import Attempt, LogLine
from jobs.models.batch import Batch, BatchCallback
from jobs.models.bulk import BulkAction
from jobs.models.chord import Chord
from jobs.models.garbage import Garbage
from jobs.models.job import Job
from jobs.models.lane import Lane, Pause
from jobs.models.node import Lease, Node
from jobs.models.page import Page
from jobs.models.picture import Picture, Rendition
from jobs.models.pipeline import Pipeline, PipelineItem, PipelineTemplate
from jobs.models.schedule import SchedulePolicy, ScheduleWatch
from jobs.models.token import Token

__all__ = [
    "Attempt",
    "Batch",
    "BatchCallback",
    "BulkAction",
    "Chord",
    "Garbage",
    "Job",
    "Lane",
    "Lease",
    "LogLine",
    "Node",
    "Page",
    "Pause",
    "Picture",
    "Pipeline",
    "PipelineItem",
    "PipelineTemplate",
    "Rendition",
    "SchedulePolicy",
    "ScheduleWatch",
    "Token",
]

"""Pipelines: many picture addresses, one recipe, one destination; and what became of each."""

from uuid import uuid4

from django.db import models
from django.db.models import Q


class PipelineTemplate(models.Model):
    """A picture that is laid over others. Its name in storage is its digest."""

    #: SHA-256 of the bytes, in hex: the same file uploaded twice is one row.
    digest = models.CharField(primary_key=True, max_length=64)
    #: The file's name on the uploader's machine: shown, never used as a path.
    name = models.CharField(max_length=255)
    file = models.CharField(max_length=255)
    content_type = models.CharField(max_length=50)
    bytes = models.PositiveBigIntegerField()
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    uploaded_by = models.CharField(max_length=150, default="", blank=True)
    #: When it was uploaded last.
    created_at = models.DateTimeField(db_index=True)  # queries.pipelines: newest first

    def __str__(self) -> str:
        return self.name


class Pipeline(models.Model):
    """What somebody asked for: these addresses, made like this, put there."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    name = models.CharField(max_length=200)
    #: jobs.work.pipeline.Recipe without its template, as JSON.
    recipe = models.JSONField()
    template = models.ForeignKey(PipelineTemplate, on_delete=models.PROTECT, related_name="+")
    #: A name from settings (HACHI_PIPELINE_DESTINATIONS): credentials are never kept here.
    destination = models.CharField(max_length=100)
    #: The folder there.
    folder = models.CharField(max_length=100)
    #: A second pipeline with the same key is the first. Empty: it has none.
    idempotency_key = models.CharField(max_length=400, default="", blank=True)
    #: Lines of its list that repeated an address: they are not counted in `total`.
    repeated = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField()
    #: The batch (jobs.models.Batch) of the chunk jobs that work on it now, or did last.
    batch = models.CharField(max_length=255, default="", blank=True)
    #: What is left is cut into chunks anew at every lap: at the start, for what is worth another
    #: try, and when a person retries.
    lap = models.PositiveIntegerField(default=1)
    requested_by = models.CharField(max_length=150, default="", blank=True)
    created_at = models.DateTimeField(db_index=True)  # queries.pipelines: newest first
    finished_at = models.DateTimeField(null=True, blank=True)
    cancelled_at = models.DateTimeField(null=True, blank=True)
    cancelled_by = models.CharField(max_length=150, default="", blank=True)
    #: The destination does not answer: nobody tries it before then. Null is all well.
    held_until = models.DateTimeField(null=True, blank=True)
    #: How often in a row it did not, and what it said.
    held_times = models.PositiveIntegerField(default=0)
    held_reason = models.CharField(max_length=500, default="", blank=True)
    #: Whether storage still has downloads of it, so that a retry need not download again.
    keeps_originals = models.BooleanField(default=True)
    #: The counts at the end of the last lap, so that the list need not count rows.
    done = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    cancelled = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="pipeline_idempotency_key",
                fields=["idempotency_key"],
                condition=~Q(idempotency_key=""),
            ),
            models.CheckConstraint(name="pipeline_is_not_empty", condition=Q(total__gt=0)),
            models.CheckConstraint(
                name="pipeline_counts_add_up_at_the_end",
                condition=Q(finished_at__isnull=True)
                | Q(total=models.F("done") + models.F("failed") + models.F("cancelled")),
            ),
        ]
        indexes = [
            # operations.pipelines.cleanup: downloads and whole pipelines whose time is over.
            models.Index(
                name="pipeline_finished",
                fields=["finished_at"],
                condition=Q(finished_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class PipelineItem(models.Model):
    """One address of a pipeline."""

    class State(models.TextChoices):
        WAITING = "waiting", "waiting"
        RUNNING = "running", "running"
        DONE = "done", "done"
        FAILED = "failed", "failed"
        CANCELLED = "cancelled", "cancelled"

    class Stage(models.TextChoices):
        """The step at which it failed, or the last one if it is done."""

        NONE = "", "none yet"
        DOWNLOAD = "download", "download"
        COMPOSE = "compose", "compose"
        UPLOAD = "upload", "upload"

    pipeline = models.ForeignKey(Pipeline, on_delete=models.CASCADE, related_name="items")
    #: Its place among the different addresses of the list, from 1: not a line of the file.
    number = models.PositiveIntegerField()
    url = models.TextField()
    #: The name of its result at the destination, folder and all: made when the pipeline is, so that
    #: an item that runs twice writes over its own file.
    name = models.CharField(max_length=255)
    state = models.CharField(max_length=9, choices=State.choices, default=State.WAITING)
    stage = models.CharField(max_length=8, choices=Stage.choices, default="", blank=True)
    #: Why it failed, or waits for another try: a class from a short list, and a sentence.
    reason = models.CharField(max_length=40, default="", blank=True)
    detail = models.CharField(max_length=500, default="", blank=True)
    #: Nobody takes it up before then.
    due_at = models.DateTimeField(null=True, blank=True)
    lap = models.PositiveIntegerField(default=1)
    chunk = models.PositiveIntegerField()
    #: The chunk job that took it up last, and the run of it: only this run may write.
    job = models.CharField(max_length=255, default="", blank=True)
    claim = models.CharField(max_length=32, default="", blank=True)
    #: How often it was taken up, and how often the process died meanwhile.
    attempt = models.PositiveSmallIntegerField(default=0)
    crashes = models.PositiveSmallIntegerField(default=0)
    #: How often in a row it ended by a failure that may pass. A run that died has not ended it.
    tries = models.PositiveSmallIntegerField(default=0)
    #: A person wants it downloaded anew: what may be kept of it goes before it is taken up.
    download_again = models.BooleanField(default=False)
    #: The download, as long as storage keeps it.
    original = models.CharField(max_length=255, default="", blank=True)
    original_bytes = models.PositiveBigIntegerField(null=True, blank=True)
    output_bytes = models.PositiveBigIntegerField(null=True, blank=True)
    width = models.PositiveIntegerField(null=True, blank=True)
    height = models.PositiveIntegerField(null=True, blank=True)
    thumbnail = models.CharField(max_length=255, default="", blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["pipeline", "number"]
        constraints = [
            models.UniqueConstraint(name="pipeline_item_number", fields=["pipeline", "number"]),
            # An item is never uploaded twice under two names, nor two items under one.
            models.UniqueConstraint(name="pipeline_item_name", fields=["pipeline", "name"]),
            models.CheckConstraint(
                name="pipeline_item_state_known",
                condition=Q(state__in=("waiting", "running", "done", "failed", "cancelled")),
            ),
            models.CheckConstraint(
                name="pipeline_item_stage_known",
                condition=Q(stage__in=("", "download", "compose", "upload")),
            ),
            models.CheckConstraint(
                name="pipeline_item_finished_at_iff_final",
                condition=Q(state__in=("done", "failed", "cancelled"), finished_at__isnull=False)
                | Q(state__in=("waiting", "running"), finished_at__isnull=True),
            ),
            models.CheckConstraint(
                name="pipeline_item_failed_says_why",
                condition=~Q(state="failed") | ~Q(reason=""),
            ),
            models.CheckConstraint(
                name="pipeline_item_done_is_uploaded",
                condition=~Q(state="done") | Q(stage="upload", reason=""),
            ),
            models.CheckConstraint(
                name="pipeline_item_running_is_claimed",
                condition=~Q(state="running") | ~Q(claim=""),
            ),
        ]
        indexes = [
            # queries.pipelines: how many are where, and why; operations.pipelines.retry.
            models.Index(
                name="pipeline_item_counts", fields=["pipeline", "state", "stage", "reason"]
            ),
            # queries.pipelines: the newest thumbnails, and how many a minute.
            models.Index(
                name="pipeline_item_newest",
                fields=["pipeline", "-finished_at"],
                condition=Q(finished_at__isnull=False),
            ),
            # operations.pipelines.claim: what a chunk has to do.
            models.Index(
                name="pipeline_item_of_chunk",
                fields=["pipeline", "lap", "chunk"],
                condition=Q(state__in=("waiting", "running")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.pipeline_id} {self.number}"

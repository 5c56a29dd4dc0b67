"""The job: one row from submit to the end of its retention. The row is the truth."""

from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import Q

from jobs.models.batch import Batch
from jobs.states import FINAL, UNFINISHED, State, WaitingFor

#: Priorities run from 0 to 9 and 9 goes first; this one is given where none is asked for.
DEFAULT_PRIORITY = 5


class JobQuerySet(models.QuerySet["Job"]):
    """The words in which queries and operations speak of jobs."""

    def unfinished(self) -> Self:
        return self.filter(state__in=UNFINISHED)

    def due(self, now: datetime) -> Self:
        return self.filter(state=State.SCHEDULED, run_at__lte=now)

    def unclaimed(self) -> Self:
        return self.filter(state=State.QUEUED, worker="")

    def held_by(self, worker: str) -> Self:
        return self.filter(state__in=(State.QUEUED, State.RUNNING), worker=worker)


class Job(models.Model):
    """A call of a task, and everything that happened to it."""

    #: Celery's task id: a UUIDv7 unless the caller chose its own.
    id = models.CharField(primary_key=True, max_length=255)
    task = models.CharField(max_length=255)
    queue = models.CharField(max_length=100)
    priority = models.PositiveSmallIntegerField(default=DEFAULT_PRIORITY)
    state = models.CharField(max_length=9, choices=[(s.value, s.value) for s in State])
    waiting_for = models.CharField(max_length=10, default="", blank=True)

    #: The ready-made Celery message (headers and body as JSON text), so that any republish is
    #: exact, canvas and all. Text, not JSONB: PostgreSQL would refuse "\u0000" and reorder keys.
    message = models.TextField()
    #: Nobody starts it before this moment.
    run_at = models.DateTimeField()
    #: A job that has not started by then is cancelled instead.
    expires_at = models.DateTimeField(null=True, blank=True)

    #: How often an attempt was started. A claim that never started spends none.
    attempt = models.PositiveIntegerField(default=0)
    #: How many attempts the task's retries allow; null is without end.
    max_attempts = models.PositiveIntegerField(null=True, blank=True)
    #: How often a worker died while running it.
    crashes = models.PositiveIntegerField(default=0)

    #: The node (jobs.models.Node) that has it or had it last.
    worker = models.CharField(max_length=100, default="", blank=True)
    claimed_at = models.DateTimeField(null=True, blank=True)

    created_at = models.DateTimeField()
    #: When its message was last put into Redis; the dispatcher finds lost messages by it.
    published_at = models.DateTimeField(null=True, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    cancel_requested_at = models.DateTimeField(null=True, blank=True)

    #: What the task returned, as kombu's JSON text (dates, decimals and UUIDs come back as such).
    result = models.TextField(default="", blank=True)
    error_type = models.CharField(max_length=255, default="", blank=True)
    error_message = models.TextField(default="", blank=True)
    #: Equal for failures of one cause: type and place, without the values in the message.
    error_fingerprint = models.CharField(max_length=40, default="", blank=True)

    progress_done = models.PositiveBigIntegerField(null=True, blank=True)
    progress_total = models.PositiveBigIntegerField(null=True, blank=True)
    progress_message = models.CharField(max_length=500, default="", blank=True)

    parent = models.CharField(max_length=255, default="", blank=True)
    root = models.CharField(max_length=255, default="", blank=True)
    group = models.CharField(max_length=255, default="", blank=True)
    #: The chord whose count goes down when this job ends.
    chord = models.CharField(max_length=255, default="", blank=True)

    #: The batch that it is a member of. No constraint in the database: the lock that adding takes
    #: (jobs.operations.batches.join) sees to it, for one row a statement instead of one a job.
    batch = models.ForeignKey(
        Batch,
        null=True,
        blank=True,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        related_name="jobs",
    )

    #: Where it has to keep its turn (jobs.models.Lane), and whether it has come to it.
    lane = models.CharField(max_length=200, default="", blank=True)
    in_turn = models.BooleanField(default=False)

    #: No two jobs have the same; it is emptied when `unique_scope` ends.
    unique_key = models.CharField(max_length=255, default="", blank=True)
    #: "waiting", "unfinished", "period" or "kept" (as long as the row is).
    unique_scope = models.CharField(max_length=10, default="", blank=True)
    unique_until = models.DateTimeField(null=True, blank=True)

    #: The schedule (django-celery-beat's PeriodicTask) that made it, and the tick it stands for.
    schedule = models.CharField(max_length=200, default="", blank=True)
    tick = models.DateTimeField(null=True, blank=True)
    #: Who asked: a user, "token:NAME", or empty for code.
    requested_by = models.CharField(max_length=150, default="", blank=True)

    objects = JobQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="job_state_known", condition=Q(state__in=[s.value for s in State])
            ),
            models.CheckConstraint(
                name="job_waiting_for_known",
                condition=Q(waiting_for__in=[w.value for w in WaitingFor]),
            ),
            models.CheckConstraint(
                name="job_waits_iff_scheduled",
                condition=(Q(state="scheduled") & ~Q(waiting_for=""))
                | (~Q(state="scheduled") & Q(waiting_for="")),
            ),
            models.CheckConstraint(
                name="job_finished_at_iff_final",
                condition=Q(state__in=sorted(FINAL), finished_at__isnull=False)
                | Q(state__in=sorted(UNFINISHED), finished_at__isnull=True),
            ),
            models.CheckConstraint(
                name="job_running_has_worker_and_start",
                condition=~Q(state="running")
                | (~Q(worker="") & Q(started_at__isnull=False) & Q(attempt__gte=1)),
            ),
            models.CheckConstraint(
                name="job_scheduled_has_no_worker",
                condition=~Q(state="scheduled") | Q(worker=""),
            ),
            models.CheckConstraint(
                name="job_failed_says_why", condition=~Q(state="failed") | ~Q(error_type="")
            ),
            models.CheckConstraint(name="job_priority_0_to_9", condition=Q(priority__lte=9)),
            # Two beats, or a beat that restarts, make one job per tick (jobs.engine.beat).
            models.UniqueConstraint(
                name="job_one_per_tick",
                fields=["schedule", "tick"],
                condition=Q(tick__isnull=False),
            ),
            # operations.submit: a second one is answered with the first.
            models.UniqueConstraint(
                name="job_unique_key", fields=["unique_key"], condition=~Q(unique_key="")
            ),
            models.CheckConstraint(
                name="job_unique_scope_known",
                condition=Q(unique_scope__in=("", "waiting", "unfinished", "period", "kept")),
            ),
        ]
        indexes = [
            # operations.lanes: who is next in a lane, and who is on the way.
            models.Index(
                name="job_lane_waiting",
                fields=["lane", "created_at", "id"],
                condition=Q(state="scheduled", waiting_for="lane"),
            ),
            models.Index(
                name="job_lane_in_turn",
                fields=["lane"],
                condition=Q(in_turn=True, state__in=("scheduled", "queued", "running")),
            ),
            # operations.unique: periods that are over.
            models.Index(
                name="job_unique_until",
                fields=["unique_until"],
                condition=Q(unique_scope="period") & ~Q(unique_key=""),
            ),
            # operations.publish.republish_lost: unclaimed rows by the age of their message.
            models.Index(
                name="job_unclaimed",
                fields=["queue", "priority", "published_at"],
                condition=Q(state="queued", worker=""),
            ),
            # operations.publish.publish_due: what is due next.
            models.Index(name="job_due", fields=["run_at"], condition=Q(state="scheduled")),
            # operations.rescue and queries.cancellations: what a worker holds.
            models.Index(
                name="job_held",
                fields=["worker"],
                condition=Q(state__in=("queued", "running")) & ~Q(worker=""),
            ),
            # operations.retention and reports: what ended when.
            models.Index(
                name="job_finished", fields=["finished_at"], condition=Q(finished_at__isnull=False)
            ),
            # queries.jobs: the failed ones, newest first (home page, reports).
            models.Index(name="job_failed", fields=["-finished_at"], condition=Q(state="failed")),
            # queries.jobs: the jobs page, all and by task, newest first.
            models.Index(name="job_newest", fields=["-created_at"]),
            models.Index(name="job_newest_by_task", fields=["task", "-created_at"]),
            # queries.jobs: the family on the job page.
            models.Index(name="job_by_root", fields=["root"], condition=~Q(root="")),
            # engine.results: the members of a group.
            models.Index(name="job_by_group", fields=["group"], condition=~Q(group="")),
            # models.batch, operations.batches: members by state, and whether one is unfinished.
            models.Index(
                name="job_by_batch",
                fields=["batch", "state"],
                condition=Q(batch__isnull=False),
            ),
            # queries.schedules: the last runs of a schedule.
            models.Index(
                name="job_by_schedule",
                fields=["schedule", "-created_at"],
                condition=~Q(schedule=""),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.task}[{self.id}]"

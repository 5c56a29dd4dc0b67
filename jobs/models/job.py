"""The job: one row from submit to the end of its retention. The row is the truth."""

from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import Q

from jobs.models.batch import Batch
from jobs.states import FINAL, UNFINISHED, State, WaitingFor

#: Priorities run from 0 to 9 and 9 goes first; this one is given where none is asked for.
DEFAULT_PRIORITY = 5

#: Waits for a moment: `run_at` says for which.
_TIMED = (
    Q(state="scheduled")
    & ~Q(waiting_for="lane")
    & ~Q(waiting_for="pause")
    & ~Q(waiting_for="successor")
)
#: A worker has it, running or about to.
_HELD = Q(finished_at=None) & ~Q(worker="")


class JobQuerySet(models.QuerySet["Job"]):
    """The words in which queries and operations speak of jobs."""

    # Each repeats the condition of the partial index that it is for: neither database looks for
    # one that only follows from it, and SQLite sees through no IN.

    def unfinished(self) -> Self:
        return self.filter(finished_at=None)

    def due(self, now: datetime) -> Self:
        return self.filter(_TIMED, run_at__lte=now)

    def expired(self, now: datetime) -> Self:
        return self.unfinished().filter(expires_at__lte=now)

    def unclaimed(self) -> Self:
        return self.filter(state=State.QUEUED, worker="")

    def held_by(self, worker: str, *states: State) -> Self:
        wanted = states or (State.QUEUED, State.RUNNING)
        return self.filter(_HELD, state__in=wanted, worker=worker)

    def in_line(self) -> Self:
        return self.filter(state=State.SCHEDULED, waiting_for=WaitingFor.LANE)

    def in_turn(self) -> Self:
        return self.unfinished().filter(in_turn=True)

    def paused(self) -> Self:
        return self.filter(state=State.SCHEDULED, waiting_for=WaitingFor.PAUSE)


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
    #: How often a worker died that had claimed it, without a word about its start. It may have
    #: killed that worker within the moment before its start was written; see engine.worker.ledger.
    releases = models.PositiveSmallIntegerField(default=0, db_default=0)

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
            # Whoever forgets operations.unique.free_keys is told: or nobody could submit again.
            models.CheckConstraint(
                name="job_unique_key_ends",
                condition=Q(unique_key="")
                | Q(finished_at=None)
                | Q(unique_scope__in=("period", "kept")),
            ),
        ]
        # A job is written four times, and each time all of these get an entry that it fits: so
        # they are partial where they can be, and a common job fits five.
        indexes = [
            # operations.lanes: who is next in a lane.
            models.Index(
                name="job_lane_waiting",
                fields=["lane", "created_at", "id"],
                condition=Q(state="scheduled", waiting_for="lane"),
            ),
            # operations.lanes: who is on the way.
            models.Index(
                name="job_lane_in_turn",
                fields=["lane"],
                condition=Q(in_turn=True, finished_at=None),
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
            models.Index(name="job_due", fields=["run_at"], condition=_TIMED),
            # operations.cancel.expire: what has not started in time.
            models.Index(
                name="job_expires",
                fields=["expires_at"],
                condition=Q(finished_at=None, expires_at__isnull=False),
            ),
            # operations.pauses.let_go: what a pause holds.
            models.Index(
                name="job_paused",
                fields=["-priority", "created_at", "id"],
                condition=Q(state="scheduled", waiting_for="pause"),
            ),
            # operations.rescue, cancel.flagged_of, and what runs (home page): what a worker holds.
            models.Index(name="job_held", fields=["state", "worker"], condition=_HELD),
            # operations.cleanup and reports: what ended when.
            models.Index(
                name="job_finished", fields=["finished_at"], condition=Q(finished_at__isnull=False)
            ),
            # queries.jobs: the failed ones, newest first (home page, reports).
            models.Index(name="job_failed", fields=["-finished_at"], condition=Q(state="failed")),
            # queries.jobs: the jobs page, newest first.
            models.Index(name="job_newest", fields=["-created_at"]),
            # queries.jobs: the same by task.
            models.Index(name="job_newest_by_task", fields=["task", "-created_at"]),
            # queries.jobs: the same by state, where jobs are few. What is left out here has
            # job_unclaimed and job_held, or is most of the table.
            models.Index(
                name="job_newest_by_state",
                fields=["state", "-created_at"],
                condition=~Q(state="succeeded") & ~Q(state="queued") & ~Q(state="running"),
            ),
            # queries.jobs: the same by lane.
            models.Index(
                name="job_newest_by_lane",
                fields=["lane", "-created_at"],
                condition=~Q(lane=""),
            ),
            # queries.jobs: the same by the cause of failures.
            models.Index(
                name="job_newest_by_cause",
                fields=["error_fingerprint", "-created_at"],
                condition=~Q(error_fingerprint=""),
            ),
            # queries.jobs: what a job has submitted (job page).
            models.Index(name="job_by_parent", fields=["parent"], condition=~Q(parent="")),
            # engine.results, engine.ends.chords: the members of a group.
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

"""What django-celery-beat's schedules do not say: how each is to behave, and how it fares."""

from django.db import models
from django.db.models import Q
from django_celery_beat.models import PeriodicTask

#: A job that begins this much later than its tick is too late, where a policy says nothing else.
LATENESS_SECONDS = 60
MOST_CAUGHT_UP = 1_000
LONGEST_CATCH_UP_SECONDS = 31 * 24 * 3_600


class SchedulePolicy(models.Model):
    """How a schedule behaves when all is not well. People edit it in the admin of the schedule."""

    class Missed(models.TextChoices):
        """What becomes of runs that nobody started in time."""

        SKIP = "skip", "leave them out"
        ONCE = "once", "run once for all of them"
        ALL = "all", "run them all, within the limits"

    class Overlap(models.TextChoices):
        """What a run does if one before it has not ended."""

        ALLOW = "allow", "run beside it"
        SKIP = "skip", "leave this one out"
        QUEUE = "queue", "wait for its end; at most one waits"
        CANCEL = "cancel", "cancel it"

    schedule = models.OneToOneField(
        PeriodicTask, on_delete=models.CASCADE, primary_key=True, related_name="policy"
    )
    missed = models.CharField(max_length=4, choices=Missed.choices, default=Missed.ONCE)
    limit_count = models.PositiveIntegerField(
        default=100, help_text=f"All: the newest so many; at most {MOST_CAUGHT_UP:,}."
    )
    limit_seconds = models.PositiveIntegerField(
        default=86_400, help_text="All: none that is older; at most 31 days."
    )
    count_paused = models.BooleanField(
        default=False,
        help_text="Runs that passed while the schedule was switched off count as missed.",
    )
    overlap = models.CharField(max_length=6, choices=Overlap.choices, default=Overlap.ALLOW)
    max_lateness_seconds = models.PositiveIntegerField(
        default=LATENESS_SECONDS,
        help_text="A run that has not begun so long after its time did not run.",
    )
    expected_seconds = models.PositiveIntegerField(
        null=True,
        blank=True,
        help_text="How long a run takes. One that takes longer did not finish in time.",
    )
    grace_seconds = models.PositiveIntegerField(
        default=0, help_text="How much longer is still in time."
    )
    alert_mail = models.EmailField(blank=True, default="")
    alert_webhook = models.URLField(blank=True, default="", max_length=1_000)

    class Meta:
        verbose_name = "policy"
        verbose_name_plural = "policy"
        constraints = [
            models.CheckConstraint(
                name="schedule_policy_missed_known",
                condition=Q(missed__in=("skip", "once", "all")),
            ),
            models.CheckConstraint(
                name="schedule_policy_overlap_known",
                condition=Q(overlap__in=("allow", "skip", "queue", "cancel")),
            ),
            # jobs.clockwork looks at every run within the limits.
            models.CheckConstraint(
                name="schedule_policy_count_bounded",
                condition=Q(limit_count__gte=1, limit_count__lte=MOST_CAUGHT_UP),
            ),
            models.CheckConstraint(
                name="schedule_policy_span_bounded",
                condition=Q(limit_seconds__gte=1, limit_seconds__lte=LONGEST_CATCH_UP_SECONDS),
            ),
            models.CheckConstraint(
                name="schedule_policy_lateness_positive", condition=Q(max_lateness_seconds__gte=1)
            ),
        ]

    def __str__(self) -> str:
        return f"missed: {self.missed}, overlap: {self.overlap}"


class ScheduleWatch(models.Model):
    """What beat has noted about a schedule."""

    class Incident(models.TextChoices):
        NONE = "", "none"
        DID_NOT_RUN = "did_not_run", "did not run"
        DID_NOT_FINISH = "did_not_finish", "did not finish in time"

    schedule = models.OneToOneField(
        PeriodicTask, on_delete=models.CASCADE, primary_key=True, related_name="watch"
    )
    #: Since when it has been on, without a pause, by `rule`; empty while it is switched off.
    enabled_since = models.DateTimeField(null=True, blank=True)
    #: When it fires, as beat has read it last.
    rule = models.TextField(default="", blank=True)
    #: The tick that waits for the end of the run before it (overlap: queue).
    waiting_tick = models.DateTimeField(null=True, blank=True)
    #: The last tick that was left out because the run before it had not ended.
    skipped_tick = models.DateTimeField(null=True, blank=True)
    #: What is wrong, and since when. An alert is sent when this changes: once per incident.
    incident = models.CharField(
        max_length=14, choices=Incident.choices, default=Incident.NONE, blank=True
    )
    incident_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="schedule_watch_incident_known",
                condition=Q(incident__in=("", "did_not_run", "did_not_finish")),
            ),
            models.CheckConstraint(
                name="schedule_watch_incident_has_begun",
                condition=Q(incident="", incident_at__isnull=True)
                | (~Q(incident="") & Q(incident_at__isnull=False)),
            ),
        ]
        indexes = [
            # operations.schedule_runs: what waits for the end of another run.
            models.Index(
                name="schedule_waiting",
                fields=["waiting_tick"],
                condition=Q(waiting_tick__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.incident or 'well'} since {self.incident_at or self.enabled_since}"

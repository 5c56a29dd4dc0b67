"""The report of a day, kept as it was made: the jobs that it tells of are deleted in time."""

from typing import Self

from django.db import models
from django.db.models import Q


class ReportQuerySet(models.QuerySet["Report"]):
    """The words in which queries and operations speak of reports."""

    def unmailed(self) -> Self:
        return self.filter(mailed_at__isnull=True)

    def without_documents(self) -> Self:
        """For lists: the HTML and the CSV stay in the database."""
        return self.defer("html", "csv")


class Report(models.Model):
    """One day. Making it again replaces what it says."""

    day = models.DateField()
    #: The zone whose midnights bound the day.
    time_zone = models.CharField(max_length=100)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    #: The short form, by reports.build.summary.
    summary = models.JSONField()
    #: The body of the page; everything in it is escaped.
    html = models.TextField()
    csv = models.TextField()
    #: Set by the one who sends it, before it is sent.
    mailed_at = models.DateTimeField(null=True, blank=True)

    objects = ReportQuerySet.as_manager()

    class Meta:
        ordering = ["-day"]
        constraints = [
            # Two tasks at once for a day make one report (operations.write_report); the list
            # (queries.newest_reports) reads in the order of its index.
            models.UniqueConstraint(name="report_one_per_day", fields=["day"]),
            models.CheckConstraint(name="report_names_its_zone", condition=~Q(time_zone="")),
            models.CheckConstraint(name="report_has_documents", condition=~Q(html="") & ~Q(csv="")),
        ]

    def __str__(self) -> str:
        return f"report of {self.day}"

    @property
    def so_far(self) -> bool:
        """Made before the day was over."""
        return bool(self.summary["so_far"])

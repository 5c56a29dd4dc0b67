"""Indexed web pages."""

from django.db import models


class Page(models.Model):
    """A web page as it was when a worker last fetched it."""

    #: Canonical (jobs.work.pages.canonical): one page, one row.
    url = models.URLField(max_length=2000, unique=True)
    #: Where redirects led.
    final_url = models.URLField(max_length=2000)
    title = models.CharField(max_length=500, default="", blank=True)
    description = models.CharField(max_length=2000, default="", blank=True)
    text = models.TextField(default="", blank=True)
    #: [{"url": ..., "text": ...}, ...]
    links = models.JSONField(default=list, blank=True)
    language = models.CharField(max_length=35, default="", blank=True)
    status = models.PositiveSmallIntegerField()
    bytes = models.PositiveBigIntegerField()
    fetched_at = models.DateTimeField(db_index=True)  # queries.pages: newest first

    def __str__(self) -> str:
        return self.title or self.url

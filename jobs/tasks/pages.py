"""Fetch web pages and keep what they say."""

import random
from typing import Any

from celery import Task, shared_task
from django.conf import settings
from django.utils import timezone

from jobs.engine.context import check_cancelled, progress
from jobs.errors import WorkError
from jobs.operations.pages import MAX_URL_CHARACTERS, store_page
from jobs.work.fetch import FetchError, Policy, fetch
from jobs.work.fetch.urls import acceptable
from jobs.work.pages import canonical, extract

ACCEPT = "text/html, application/xhtml+xml, text/plain;q=0.8"
FIRST_RETRY_SECONDS = 5
LONGEST_RETRY_SECONDS = 600
#: A server may ask for more patience than that; this is the most it gets.
LONGEST_RETRY_AFTER_SECONDS = 3_600


class BadUrl(WorkError):
    """The URL cannot be indexed."""


@shared_task(
    bind=True,
    name="jobs.index_url",
    public=True,
    soft_time_limit=settings.HACHI_FETCH_SECONDS + 20,
    time_limit=settings.HACHI_FETCH_SECONDS + 40,
    max_retries=5,
)
def index_url(self: Task, url: str) -> dict[str, Any]:
    """Fetch a page and keep its title, text and links; tries again where that may help."""
    key = canonical(url)
    progress(0, 2, "fetching")
    try:
        fetched = fetch(url, policy(), accept=ACCEPT)
    except FetchError as error:
        if not error.retryable:
            raise
        raise self.retry(exc=error, countdown=_pause(error, self.request.retries)) from error
    check_cancelled()
    progress(1, 2, "reading")
    content = extract(fetched.body, fetched.url, fetched.content_type, fetched.charset)
    page = store_page(key, fetched, content, now=timezone.now())
    progress(2, 2)
    return {
        "page": page.pk,
        "url": page.url,
        "title": page.title,
        "links": len(page.links),
        "bytes": page.bytes,
    }


def submit_index(url: str, *, by: str) -> str:
    """Submit a job that indexes a URL, and return its id. Raises BadUrl: nothing is looked up."""
    try:
        acceptable(url, policy())
        too_long = len(canonical(url)) > MAX_URL_CHARACTERS
    except WorkError as error:
        raise BadUrl(str(error)) from None
    if too_long:
        raise BadUrl(f"The URL is longer than {MAX_URL_CHARACTERS} characters.")
    job = index_url.apply_async((url,), headers={"requested_by": by})
    return str(job.id)


def policy() -> Policy:
    """How a page may be fetched, by the settings."""
    return Policy(
        total_seconds=settings.HACHI_FETCH_SECONDS,
        allow_loopback=settings.HACHI_FETCH_ALLOW_LOOPBACK,
    )


def _pause(error: FetchError, retries: int) -> float:
    """Seconds until the next try: what the server asked for, or twice as long as before.

    With jitter, or all that failed together would come back together.
    """
    if error.retry_after is not None:
        asked = min(error.retry_after, LONGEST_RETRY_AFTER_SECONDS)
        return asked + random.uniform(0, FIRST_RETRY_SECONDS)
    longest = min(LONGEST_RETRY_SECONDS, FIRST_RETRY_SECONDS * 2**retries)
    return random.uniform(longest / 2, longest)

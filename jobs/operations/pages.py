"""Indexed pages: write what a worker read."""

from datetime import datetime

from jobs.errors import WorkError
from jobs.models import Page
from jobs.work.fetch import Fetched
from jobs.work.pages import Link, PageContent

MAX_URL_CHARACTERS = 2_000


def store_page(url: str, fetched: Fetched, content: PageContent, *, now: datetime) -> Page:
    """Write the page that `url` (canonical) led to, over what was known of it before.

    One page, one row: of two workers at once the later one stands.
    """
    _require_short(url)
    _require_short(fetched.url)
    page = Page(
        url=_clean(url),
        final_url=_clean(fetched.url),
        title=_clean(content.title)[:500],
        description=_clean(content.description)[:2000],
        text=_clean(content.text),
        links=[_link(link) for link in content.links],
        language=_clean(content.language)[:35],
        status=fetched.status,
        bytes=len(fetched.body),
        fetched_at=now,
    )
    Page.objects.bulk_create(
        [page],
        update_conflicts=True,
        unique_fields=["url"],
        update_fields=[
            field.name for field in Page._meta.concrete_fields if field.name not in ("id", "url")
        ],
    )
    return Page.objects.get(url=page.url)


def _link(link: Link) -> dict[str, str]:
    return {"url": _clean(link.url), "text": _clean(link.text)}


def _clean(text: str) -> str:
    """PostgreSQL stores neither NUL nor half of a surrogate pair."""
    return text.replace("\0", "").encode("utf-8", "replace").decode("utf-8")


def _require_short(url: str) -> None:
    if len(url) > MAX_URL_CHARACTERS:
        raise WorkError(
            f"The URL has {len(url)} characters, and {MAX_URL_CHARACTERS} is the most for a page "
            "in the index."
        )

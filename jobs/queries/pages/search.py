"""What a search finds, with the words marked; and the newest pages where nothing is asked for."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection
from django.db.models import F, QuerySet, Value
from django.db.models.functions import Greatest, Lower, StrIndex, Substr

from jobs.models import Page
from jobs.queries.pages import postgresql, sqlite

_PAGE = 20
_MOST_WORDS = 8
_LONGEST_WORD = 100
#: Characters of a page shown before the first word, and in all.
_BEFORE, _PASSAGE = 60, 260


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a text, and whether it is one of the words looked for. Text, not HTML."""

    text: str
    found: bool = False


@dataclass(frozen=True, slots=True)
class PageHit:
    """A page that was found."""

    url: str
    title: Sequence[Piece]
    passage: Sequence[Piece]
    fetched_at: datetime
    status: int


@dataclass(frozen=True, slots=True)
class SearchResult:
    """Pages, the best first (the newest, if nothing was asked for), and where to go on."""

    hits: Sequence[PageHit]
    next_start: int | None


def search_pages(text: str, *, start: int = 0, size: int = _PAGE) -> SearchResult:
    """The pages that have every word of `text`."""
    words = words_of(text)
    if words:
        engine = postgresql if connection.vendor == "postgresql" else sqlite
        ids = engine.matching(words, start=start, limit=size + 1)
    else:
        newest = Page.objects.order_by("-fetched_at", "id").values_list("id", flat=True)
        ids = list(newest[start : start + size + 1])
    pages = {page.pk: page for page in _with_passage(ids[:size], words)}
    return SearchResult(
        hits=[_hit(pages[pk], words) for pk in ids[:size] if pk in pages],
        next_start=start + size if len(ids) > size else None,
    )


def words_of(text: str) -> list[str]:
    """The words to look for, each once."""
    words = (word[:_LONGEST_WORD] for word in text.replace("\x00", " ").split())
    return list(dict.fromkeys(words))[:_MOST_WORDS]


def pieces(text: str, words: Sequence[str]) -> Sequence[Piece]:
    """`text` cut at the words, so that a template escapes every part and marks those found."""
    return list(_pieces(text, words))


def _pieces(text: str, words: Sequence[str]) -> Iterator[Piece]:
    if not words:
        yield Piece(text)
        return
    longest_first = sorted(words, key=len, reverse=True)
    pattern = "(" + "|".join(re.escape(word) for word in longest_first) + ")"
    for number, part in enumerate(re.split(pattern, text, flags=re.IGNORECASE)):
        if part:
            yield Piece(part, found=number % 2 == 1)


def _with_passage(ids: Sequence[int], words: Sequence[str]) -> QuerySet[Page]:
    """The pages without their texts, which may be large, but with the part that is shown."""
    first = words[0].lower() if words else ""
    at = StrIndex(Lower("text"), Value(first)) if first else Value(1)
    begin = Greatest(at - _BEFORE, Value(1)) if first else Value(1)
    pages = Page.objects.filter(id__in=ids).defer("text", "links")
    return pages.annotate(begin=begin, passage=Substr(F("text"), begin, _PASSAGE))


def _hit(page: Page, words: Sequence[str]) -> PageHit:
    passage = " ".join(str(getattr(page, "passage", "")).split()) or page.description
    if getattr(page, "begin", 1) > 1:
        passage = f"… {passage}"
    if len(passage) >= _PASSAGE * 0.9:
        passage = f"{passage} …"
    return PageHit(
        url=page.url,
        title=pieces(page.title or page.url, words),
        passage=pieces(passage, words),
        fetched_at=page.fetched_at,
        status=page.status,
    )

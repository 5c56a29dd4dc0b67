"""What may stand in requests about pipelines."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.http import QueryDict
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from jobs.api.values import invalid, printable, require_keys
from jobs.operations.pipelines.retry import ALL, FAILED
from jobs.operations.pipelines.start import NewPipeline
from jobs.operations.pipelines.templates import bytes_to_start_with
from jobs.queries.pipelines import find_template
from jobs.queries.sentences import count_of
from jobs.tasks.destinations import destination_names, require_destination
from jobs.tasks.pipeline_chunks import url_policy
from jobs.work.pipeline import BadRecipe, Recipe
from jobs.work.url_lists import UrlList, check_urls

NEW_KEYS = frozenset(
    {"urls", "template", "recipe", "destination", "folder", "name", "idempotency_key"}
)
RETRY_KEYS = frozenset({"states", "reason", "download_again"})


@dataclass(frozen=True, slots=True)
class Retry:
    """What is to be taken up again."""

    states: frozenset[str]
    reason: str
    download_again: bool


def new_pipeline(data: Mapping[str, Any], *, by: str) -> NewPipeline:
    """Check the body of POST /api/pipelines. Raises ApiError, BadUrlList, BadRecipe.

    Callers have keys of their own: nobody is answered with what another one started.
    """
    require_keys(data, set(NEW_KEYS))
    found = _urls(data.get("urls"))
    urls = [one.url for one in found.wanted]
    key = _text(data, "idempotency_key", 200)
    digest = data.get("template")
    row = find_template(digest) if isinstance(digest, str) and digest.isalnum() else None
    if row is None:
        raise invalid("template", "the id of a template: upload it to /api/templates first")
    return NewPipeline(
        name=_text(data, "name", 200) or count_of(len(urls), "picture"),
        urls=urls,
        recipe=_recipe(data.get("recipe"), bytes_to_start_with(row)),
        template=row,
        destination=require_destination(_text(data, "destination", 100) or destination_names()[0]),
        folder=_text(data, "folder", 1_000),
        repeated=found.repeated,
        idempotency_key=f"{by}/{key}" if key else "",
    )


def retry_of(data: Mapping[str, Any]) -> Retry:
    """Check the body of POST /api/pipelines/ID/retry. Raises ApiError."""
    require_keys(data, set(RETRY_KEYS))
    states = data.get("states", sorted(FAILED))
    if not isinstance(states, list) or not states or not {str(one) for one in states} <= ALL:
        raise invalid("states", f"a list of some of {', '.join(sorted(ALL))}")
    again = data.get("download_again", False)
    if not isinstance(again, bool):
        raise invalid("download_again", "true or false")
    return Retry(frozenset(map(str, states)), _text(data, "reason", 40), again)


def before(query: QueryDict) -> datetime | None:
    """The moment before which pipelines are listed. Raises ApiError."""
    if "before" not in query:
        return None
    try:
        found = parse_datetime(str(query["before"]))
    except ValueError:
        found = None
    if found is None or timezone.is_naive(found):
        raise invalid("before", "a moment with its zone, as in 2031-05-06T07:08:09Z")
    return found


def _urls(value: object) -> UrlList:
    if not isinstance(value, list) or not all(isinstance(url, str) for url in value):
        raise invalid("urls", "a list of texts")
    return check_urls(value, url_policy(), most=settings.HACHI_PIPELINE_MOST_URLS)


def _recipe(value: object, template: bytes) -> Recipe:
    if value is not None and not isinstance(value, dict):
        raise BadRecipe("mode", "The recipe must be an object.")
    return Recipe.read(value or {}, template)


def _text(data: Mapping[str, Any], name: str, most: int) -> str:
    value = data.get(name)
    return "" if value in (None, "") else printable(value, name, most)

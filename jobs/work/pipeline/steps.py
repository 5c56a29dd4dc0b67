"""The three steps one by one, for chains. Bytes lie in a store; only names go from step to step."""

from jobs.work import fetch
from jobs.work.fetch import FetchError
from jobs.work.images import BadImage, Format
from jobs.work.pipeline import classes
from jobs.work.pipeline.composition import compose as composed
from jobs.work.pipeline.destination import Destination, Stored
from jobs.work.pipeline.errors import ItemFailed
from jobs.work.pipeline.failures import Failure, Stage
from jobs.work.pipeline.policy import ChunkPolicy
from jobs.work.pipeline.recipe import Recipe

ACCEPT = "image/avif,image/webp,image/png,image/jpeg,image/gif;q=0.9,*/*;q=0.1"


def download(url: str, store: Destination, name: str, policy: ChunkPolicy) -> str:
    """Download a URL into `store` under `name`, which is returned.

    Raises ItemFailed (its `worth_retrying` and `retry_after` say what to do), DestinationDown.
    """
    try:
        fetched = fetch.fetch(url, policy.fetch, accept=ACCEPT)
    except FetchError as error:
        raise classes.download_failed(error) from error
    store.put(name, fetched.body, "application/octet-stream")
    return name


def compose(source: str, store: Destination, name: str, recipe: Recipe, policy: ChunkPolicy) -> str:
    """Compose the file `source` of `store` into `name`, which is returned.

    Raises ItemFailed, DestinationDown.
    """
    try:
        made = composed(_read(store, source), recipe, limits=policy.limits)
    except BadImage as error:
        raise classes.compose_failed(error) from error
    store.put(name, made.data, recipe.format.content_type)
    return name


def upload(
    source: str, store: Destination, destination: Destination, name: str, form: Format
) -> Stored:
    """Upload the file `source` of `store` to `destination` as `name`.

    Raises ItemFailed, DestinationDown.
    """
    return destination.put(name, _read(store, source), form.content_type)


def _read(store: Destination, name: str) -> bytes:
    data = store.get(name)
    if data is None:
        detail = f"The file {name} is not in the store: it was removed before its turn came."
        raise ItemFailed(Stage.COMPOSE, Failure.INTERNAL, detail)
    return data

"""One URL of a batch, and what became of it."""

import hashlib
import re
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from jobs.work.images import Format
from jobs.work.pipeline.errors import ItemFailed
from jobs.work.pipeline.failures import Failure, Stage

_UNSAFE = re.compile(r"[^A-Za-z0-9_-]+")
_STEM_CHARACTERS = 40


@dataclass(frozen=True, slots=True)
class Item:
    """One picture to make: `url` goes in, and `name` is what the output will be called."""

    #: Its place in the batch, from 0; unique within a chunk.
    number: int
    url: str
    #: With folder and extension (see `output_name`).
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of an item: `failure` is None if it is done."""

    item: Item
    #: Where it failed; UPLOAD if it is done.
    stage: Stage
    failure: Failure | None = None
    #: A sentence for a person; "" if it is done.
    detail: str = ""
    #: The same may succeed a little later, after `retry_after` seconds if the server said so.
    worth_retrying: bool = False
    retry_after: float | None = None
    #: How often it was downloaded or uploaded, the last time included.
    tries: int = 1
    #: What came, and what was made of it; 0 where it did not get so far.
    bytes_in: int = 0
    bytes_out: int = 0
    width: int = 0
    height: int = 0
    #: From the destination, if it has such a thing.
    etag: str = ""
    #: The name under which the original is kept; "" if it is not.
    original: str = ""
    #: A small JPEG, if the policy asks for thumbnails.
    thumbnail: bytes = b""

    @property
    def done(self) -> bool:
        return self.failure is None


def failed(
    item: Item, error: ItemFailed, *, bytes_in: int = 0, tries: int = 1, original: str = ""
) -> Outcome:
    """The outcome of an item that ended with this error."""
    return Outcome(
        item=item,
        stage=error.stage,
        failure=error.failure,
        detail=str(error),
        worth_retrying=error.worth_retrying,
        retry_after=error.retry_after,
        bytes_in=bytes_in,
        tries=tries,
        original=original,
    )


def output_name(folder: str, number: int, url: str, form: Format) -> str:
    """What the output of an item is called: the same whenever and wherever it is asked.

    `folder` is the batch's; the number keeps the order of the batch, a piece of the URL's own
    name keeps it readable, and a digest of the URL keeps two batches apart that share a folder.
    """
    digest = hashlib.sha256(url.encode("utf-8", "surrogatepass")).hexdigest()[:10]
    parts = (f"{number:06d}", _stem(url), digest)
    return f"{_safe(folder) or 'pipeline'}/{'-'.join(filter(None, parts))}.{form.extension}"


def _stem(url: str) -> str:
    try:
        last = unquote(urlsplit(url).path).rsplit("/", 1)[-1]
    except ValueError:
        return ""
    return _safe(last.rsplit(".", 1)[0])[:_STEM_CHARACTERS].strip("-")


def _safe(text: str) -> str:
    return _UNSAFE.sub("-", text).strip("-")

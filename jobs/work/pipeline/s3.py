"""A bucket of any S3-compatible server as a destination, through obstore."""

import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import CancelledError
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, TypeVar
from uuid import uuid4

from obstore import sign_async
from obstore.store import S3Store

from jobs.work.pipeline.destination import Stored
from jobs.work.pipeline.errors import DestinationDown, Halted, ItemFailed
from jobs.work.pipeline.s3_errors import judged
from jobs.work.pipeline.s3_line import Line

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """Where a bucket is and who we are there."""

    bucket: str
    key: str
    secret: str = field(repr=False)
    #: "https://s3.example.com"; "" means Amazon's own. Plain http only if it is written so.
    endpoint: str = ""
    region: str = "us-east-1"
    #: Put before every name.
    prefix: str = ""
    connect_seconds: float = 5.0
    #: Of one request, the body included.
    total_seconds: float = 60.0
    #: How often a request that the server failed is repeated before it counts.
    retries: int = 3


class S3Destination:
    """A bucket as a destination (see `Destination`).

    Requests run on a thread of its own, begun with the first one, so that a request under way can
    be given up at any moment. Use it in one process only: nothing of it survives a fork.
    """

    def __init__(self, bucket: Bucket) -> None:
        self.bucket = bucket
        self._lock = threading.Lock()
        self._line: Line | None = None
        self._halted = False

    def put(self, name: str, data: bytes, content_type: str) -> Stored:
        """Upload, and ask the server what it has.

        The signature covers a digest of the body, so the server has checked that already.
        """
        return self._run(lambda store: _put(store, name, data, content_type))

    def get(self, name: str) -> bytes | None:
        """Download."""
        return self._run(lambda store: _get(store, name))

    def delete(self, name: str) -> None:
        """Remove an object."""
        self._run(lambda store: _delete(store, name))

    def check(self) -> None:
        """Write, read and remove a small object."""
        name = f"hachi-check-{uuid4().hex}"
        try:
            self.put(name, b"check", "text/plain")
            self.delete(name)
        except ItemFailed as error:
            raise DestinationDown("failing", str(error)) from error

    def signed_url(self, name: str, seconds: float) -> str:
        """An address under which anybody can read the object for so long."""
        return self._run(lambda store: _signed(store, name, seconds))

    def halt(self) -> None:
        """Give up every request under way: their callers get Halted, and later ones, too."""
        self._halted = True
        self._hang_up()

    def close(self) -> None:
        """End the thread and close the connections; what is under way is given up."""
        self._hang_up()
        self._halted = False

    def _hang_up(self) -> None:
        with self._lock:
            line, self._line = self._line, None
        if line is not None:
            line.close()

    def _run(self, request: Callable[[S3Store], Coroutine[Any, Any, T]]) -> T:
        with self._lock:
            if self._halted:
                raise Halted
            if self._line is None:
                self._line = Line(_store(self.bucket))
            line = self._line
        try:
            return line.run(request)
        except CancelledError:
            raise Halted from None
        except (DestinationDown, Halted, ItemFailed):
            raise
        except Exception as error:  # noqa: BLE001 - judged, and raised below
            failure = judged(error)
        # Not within the except block: the traceback of obstore's error holds the store, and with
        # it every connection, for as long as somebody holds the error.
        raise failure


def _store(bucket: Bucket) -> S3Store:
    if not bucket.key or not bucket.secret:
        raise DestinationDown("credentials", "The bucket has no access key in the settings.")
    return S3Store(
        bucket.bucket,
        prefix=bucket.prefix or None,
        region=bucket.region,
        access_key_id=bucket.key,
        secret_access_key=bucket.secret,
        config={"endpoint": bucket.endpoint} if bucket.endpoint else None,
        virtual_hosted_style_request=False,
        client_options={
            "allow_http": bucket.endpoint.startswith("http://"),
            "connect_timeout": timedelta(seconds=bucket.connect_seconds),
            "timeout": timedelta(seconds=bucket.total_seconds),
        },
        retry_config={
            "max_retries": bucket.retries,
            "retry_timeout": timedelta(seconds=bucket.total_seconds),
        },
    )


async def _put(store: S3Store, name: str, data: bytes, content_type: str) -> Stored:
    # In one request: in parts it would be three, and no picture is large enough to gain by it.
    put = await store.put_async(
        name, data, attributes={"Content-Type": content_type}, use_multipart=False
    )
    there = await store.head_async(name)
    if there["size"] != len(data) or there["e_tag"] != put["e_tag"]:
        raise DestinationDown("failing", "The bucket holds something else than was uploaded.")
    return Stored(name, there["size"], (there["e_tag"] or "").strip('"'))


async def _get(store: S3Store, name: str) -> bytes | None:
    try:
        found = await store.get_async(name)
        return bytes(await found.bytes_async())
    except FileNotFoundError as error:
        if "NoSuchBucket" in str(error):
            raise
        return None


async def _delete(store: S3Store, name: str) -> None:
    try:
        await store.delete_async(name)
    except FileNotFoundError as error:
        if "NoSuchBucket" in str(error):
            raise


async def _signed(store: S3Store, name: str, seconds: float) -> str:
    return await sign_async(store, "GET", name, timedelta(seconds=seconds))

"""Downloaded files, kept for a while, so that a rerun need not download them again."""

import hashlib
from contextlib import suppress

from jobs.work.pipeline.destination import Destination
from jobs.work.pipeline.errors import DestinationDown, ItemFailed


class Originals:
    """Files by the URL that they came from, in a folder of some store.

    `most_bytes` bounds what one run adds; beyond it nothing more is kept, and a rerun downloads
    again. Keeping is a convenience: a store that is full or away fails no item. Give each batch a
    folder of its own, and remove the folder when the batch goes.
    """

    def __init__(self, store: Destination, folder: str, most_bytes: int = 20_000_000_000) -> None:
        self._store = store
        self._folder = folder.strip("/")
        self._room = most_bytes

    def name(self, url: str) -> str:
        """Where the original of a URL is kept."""
        digest = hashlib.sha256(url.encode("utf-8", "surrogatepass")).hexdigest()
        return f"{self._folder}/{digest[:2]}/{digest[2:40]}"

    def find(self, url: str) -> bytes | None:
        """The bytes, or None if they are not kept."""
        try:
            return self._store.get(self.name(url)) or None
        except (DestinationDown, ItemFailed):
            return None

    def keep(self, url: str, data: bytes) -> str:
        """Keep the bytes; returns the name, or "" if they were not kept."""
        if len(data) > self._room:
            return ""
        name = self.name(url)
        try:
            self._store.put(name, data, "application/octet-stream")
        except (DestinationDown, ItemFailed):
            return ""
        self._room -= len(data)
        return name

    def forget(self, url: str) -> None:
        """Remove the original of a URL."""
        with suppress(DestinationDown, ItemFailed):
            self._store.delete(self.name(url))

    def halt(self) -> None:
        """End what is under way."""
        self._store.halt()

    def close(self) -> None:
        """Close connections of the store. The next use opens them anew."""
        self._store.close()

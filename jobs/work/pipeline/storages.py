"""Any storage that speaks like Django's as a destination; a folder on this machine among them."""

import errno
import io
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol
from uuid import uuid4

from jobs.work.pipeline.destination import Stored
from jobs.work.pipeline.errors import DestinationDown, ItemFailed
from jobs.work.pipeline.failures import Failure, Stage

#: No file takes so long to write.
LEFTOVER_SECONDS = 3_600
FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
FORBIDDEN = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})
OF_THE_FILE = frozenset({errno.ENAMETOOLONG, errno.EFBIG, errno.EISDIR, errno.EILSEQ})


class Storage(Protocol):
    """The part of `django.core.files.storage.Storage` that is used here."""

    def save(self, name: str | None, content: Any, max_length: int | None = None) -> str: ...
    def open(self, name: str, mode: str = "rb") -> Any: ...
    def delete(self, name: str) -> None: ...
    def exists(self, name: str) -> bool: ...
    def size(self, name: str) -> int: ...
    def path(self, name: str) -> str: ...


class StorageDestination:
    """A storage as a destination (see `Destination`)."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        # By name, as nothing here knows Django. Others have paths too, and nothing lies there.
        self._swept: set[Path] = set()
        self._in_folder = any(one.__name__ == "FileSystemStorage" for one in type(storage).__mro__)

    def put(self, name: str, data: bytes, content_type: str) -> Stored:
        """Write a file. In a folder of this machine it appears at once and whole."""
        try:
            path = self._local(name)
            if path is not None:
                self._sweep(path.parent)
                _write(path, data, getattr(self._storage, "file_permissions_mode", None))
            else:
                self._save(name, data)
            size = self._storage.size(name)
        except Exception as error:
            raise judged(error) from error
        if size != len(data):
            raise DestinationDown("failing", "A file came out shorter than it was written.")
        return Stored(name, size)

    def get(self, name: str) -> bytes | None:
        """Read a file."""
        try:
            if not self._storage.exists(name):
                return None
            with self._storage.open(name, "rb") as file:
                data: bytes = file.read()
                return data
        except FileNotFoundError:
            return None
        except Exception as error:
            raise judged(error) from error

    def delete(self, name: str) -> None:
        """Remove a file."""
        try:
            self._storage.delete(name)
        except FileNotFoundError:
            return
        except Exception as error:
            raise judged(error) from error

    def check(self) -> None:
        """Write, read and remove a small file."""
        name = f"hachi-check-{uuid4().hex}"  # containers count their processes alike
        try:
            self.put(name, b"check", "text/plain")
            self.delete(name)
        except ItemFailed as error:
            raise DestinationDown("failing", str(error)) from error

    def sweep(self, folder: str) -> None:
        """Remove what processes that were killed left half written in a folder long ago."""
        with suppress(OSError):
            path = self._local(folder)
            if path is not None:
                _sweep(path)

    def halt(self) -> None:
        """Nothing to end: what a storage has begun it finishes."""

    def close(self) -> None:
        """Nothing to close."""

    def _local(self, name: str) -> Path | None:
        """Where the file lies, in a folder of this machine; None in any other storage."""
        return Path(self._storage.path(name)) if self._in_folder else None

    def _sweep(self, folder: Path) -> None:
        """Once for each folder: remove what processes that were killed left half written."""
        if folder in self._swept:
            return
        self._swept.add(folder)
        _sweep(folder)

    def _save(self, name: str, data: bytes) -> None:
        # A storage gives a second file of one name another name, and there must be only one.
        if self._storage.exists(name):
            self._storage.delete(name)
        saved = self._storage.save(name, io.BytesIO(data))
        if saved != name:
            self._storage.delete(saved)
            raise DestinationDown("failing", "The storage writes under another name than asked.")


def _sweep(folder: Path) -> None:
    longest_ago = time.time() - LEFTOVER_SECONDS
    for path in folder.glob(".*.part"):
        with suppress(OSError):
            if path.stat().st_mtime < longest_ago:
                path.unlink()


def _write(path: Path, data: bytes, mode: int | None) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    # Of another name in each write: a run that was only thought dead may write the same file.
    part = path.with_name(f".{path.name[:200]}.{uuid4().hex[:12]}.part")
    try:
        part.write_bytes(data)
        if mode is not None:
            part.chmod(mode)
        part.replace(path)
    except BaseException:
        with suppress(OSError):
            part.unlink()
        raise


def judged(error: Exception) -> DestinationDown | ItemFailed:
    """Say whether an error of a storage is about one file or about the place."""
    if isinstance(error, DestinationDown | ItemFailed):
        return error
    number = error.errno if isinstance(error, OSError) else None
    if number in OF_THE_FILE or type(error).__name__ == "SuspiciousFileOperation":
        return ItemFailed(Stage.UPLOAD, Failure.REJECTED, "The storage does not take this name.")
    if number in FULL:
        return DestinationDown("full", "The storage has no room left.")
    if number in FORBIDDEN:
        return DestinationDown("credentials", "The storage may not be written to.")
    if isinstance(error, ConnectionError | TimeoutError):
        return DestinationDown("unreachable", "The storage cannot be reached.")
    return DestinationDown("failing", f"The storage has an error ({type(error).__name__}).")

"""Journals: files of JSON lines that outlive the process that writes them.

One line is one write(2) at the end of the file, so that a process that is killed leaves whole lines
behind; a submitter's lines are forced to the disk as well.
"""

import json
import os
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any


class Journal:
    """The journal of this process. Threads may share it, forked children must not."""

    def __init__(self, path: Path, *, durable: bool) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self._durable = durable
        self._lock = threading.Lock()

    def write(self, line: Mapping[str, Any]) -> None:
        """Add a line; when this returns, it stays."""
        content = f"{json.dumps(line)}\n".encode()
        with self._lock:
            os.write(self._file, content)
            if self._durable:
                os.fsync(self._file)

    def close(self) -> None:
        os.close(self._file)


def lines(path: Path) -> Iterator[dict[str, Any]]:
    """The lines of a journal; none if there is no such file."""
    if path.exists():
        for line in path.read_text(encoding="utf-8").splitlines():
            yield json.loads(line)

"""Old temporary files, removed from one folder."""

import os
from datetime import datetime
from pathlib import Path


def remove_old_files(folder: Path, *, before: datetime, limit: int) -> int:
    """Remove up to `limit` regular files that were last written before a moment; count them.

    Only what lies in the folder itself: no folders below it, and no symbolic links, which may lead
    anywhere. A file that is gone already or may not be removed is passed over.
    """
    removed = 0
    for path in _old_files(folder, before.timestamp()):
        if removed >= limit:
            break
        removed += _removed(path)
    return removed


def _old_files(folder: Path, before: float) -> list[Path]:
    try:
        with os.scandir(folder) as entries:
            return [Path(entry.path) for entry in entries if _is_old_file(entry, before)]
    except FileNotFoundError:
        return []


def _is_old_file(entry: os.DirEntry[str], before: float) -> bool:
    try:
        return (
            entry.is_file(follow_symlinks=False)
            and entry.stat(follow_symlinks=False).st_mtime < before
        )
    except OSError:
        return False


def _removed(path: Path) -> bool:
    try:
        path.unlink()
    except OSError:
        return False
    return True

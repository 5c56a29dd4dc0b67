"""No fork while a thread of ours is inside the database.

The prefork pool forks new children whenever one ends. A child that is forked while another thread
holds a lock of SQLite or libpq inherits that lock locked, and hangs on its first query.
"""

import os
import threading

#: A database that hangs must not hang the pool with it for longer than this.
_PATIENCE_SECONDS = 5.0

_locks: list[threading.Lock] = []
_taken: list[threading.Lock] = []


def fork_lock() -> threading.Lock:
    """A lock to hold while talking to the database from a thread of a worker's parent."""
    lock = threading.Lock()
    _locks.append(lock)
    return lock


def _before() -> None:
    _taken[:] = [lock for lock in _locks if lock.acquire(timeout=_PATIENCE_SECONDS)]


def _after() -> None:
    while _taken:
        _taken.pop().release()


os.register_at_fork(before=_before, after_in_parent=_after, after_in_child=_after)

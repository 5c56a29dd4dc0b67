"""The thread on which requests to a bucket run, so that they can be given up at any moment."""

import asyncio
import sys
import threading
import time
from collections.abc import Callable, Coroutine
from types import FrameType
from typing import Any, TypeVar
from weakref import WeakSet

from obstore.store import S3Store

from jobs.work.pipeline.errors import Halted

T = TypeVar("T")
LEAVE_SECONDS = 1.0


class Line:
    """A store and the thread with the loop that its requests run on."""

    def __init__(self, store: S3Store) -> None:
        self._store = store
        self._loop = _Loop()
        self._open = threading.Lock()
        self._closed = False
        self._thread = threading.Thread(target=self._serve, name="s3", daemon=True)
        self._thread.start()

    def run(self, request: Callable[[S3Store], Coroutine[Any, Any, T]]) -> T:
        with self._open:  # so that whatever is scheduled comes before the stop, and is cancelled
            if self._closed:
                raise Halted
            future = asyncio.run_coroutine_threadsafe(request(self._store), self._loop)
        return future.result()

    def _serve(self) -> None:
        self._loop.run_forever()
        tasks = asyncio.all_tasks(self._loop)
        for task in tasks:
            task.cancel()
        if tasks:
            self._loop.run_until_complete(asyncio.wait(tasks))
        self._loop.close()

    def close(self) -> None:
        with self._open:
            self._closed = True
            self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._wait_for_runtime()
        del self._store  # its connections close with it

    def _wait_for_runtime(self) -> None:
        """Wait until the threads under obstore have left the interpreter.

        They pass a result on from inside of it, and come in once more after a cancel. A process
        that exits in that moment is aborted: its last thread to leave has nowhere to go back to.
        """
        deadline = time.monotonic() + LEAVE_SECONDS
        while (self._loop.futures or _is_anybody_inside()) and time.monotonic() < deadline:
            _ = self._store.prefix  # any call makes it let go of what it could not before
            time.sleep(0.001)


class _Loop(asyncio.SelectorEventLoop):
    """Knows the futures that somebody outside of Python still holds."""

    def __init__(self) -> None:
        super().__init__()
        self.futures: WeakSet[asyncio.Future[Any]] = WeakSet()

    def create_future(self) -> asyncio.Future[Any]:
        future = super().create_future()
        self.futures.add(future)
        return future


def _is_anybody_inside() -> bool:
    """Whether a thread is just passing a result on to a loop."""
    passing = asyncio.BaseEventLoop.call_soon_threadsafe.__code__
    for top in sys._current_frames().values():
        frame: FrameType | None = top
        while frame is not None:
            if frame.f_code is passing:
                return True
            frame = frame.f_back
    return False

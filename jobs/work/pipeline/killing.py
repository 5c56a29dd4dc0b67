"""Ending what libvips is doing with a picture, in the middle of it."""

from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from jobs.work.images.vips import pyvips

#: Called between steps, while a file is read, and while pixels are computed. What it raises ends
#: the work and is passed on.
Watch = Callable[[], None]

# What is smaller is done before anybody could have asked to stop.
_LARGE = 4_000_000


class Killable:
    """Within the block, `watch` is called again and again for images that went through `prepare`.

    What it raises kills the computation, and is raised by the block in place of libvips's error.
    """

    def __init__(self, watch: Watch) -> None:
        self._watch = watch
        self._raised: BaseException | None = None

    def prepare(self, image: pyvips.Image) -> pyvips.Image:
        """Watch this image while it is computed. Small ones are left as they are."""
        if image.width * image.height >= _LARGE:
            image.set_progress(True)
            image.signal_connect("eval", self._look)
        return image

    def _look(self, image: pyvips.Image, _progress: Any) -> None:
        try:
            self._watch()
        except BaseException as error:  # noqa: BLE001 - nothing may be raised through C
            self._raised = self._raised or error
            image.set_kill(True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._raised is not None and isinstance(error, pyvips.Error):
            raise self._raised from None

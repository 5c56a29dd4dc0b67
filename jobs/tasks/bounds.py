"""A ceiling on the memory of children that decode what a stranger sent."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager

from billiard import current_process

from jobs.work import images

#: Address space of a child while it decodes (jobs.work.images.limit_process).
RENDER_MEMORY_BYTES = 2_000_000_000


@contextmanager
def bounded_memory() -> Iterator[None]:
    """A ceiling in prefork children (daemons); other pools share their process with others."""
    before = resource.getrlimit(resource.RLIMIT_AS)
    if current_process().daemon:
        images.limit_process(RENDER_MEMORY_BYTES)
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)

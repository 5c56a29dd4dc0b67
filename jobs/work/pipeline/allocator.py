"""Memory of large buffers, given back to the system when they are freed."""

import ctypes
from functools import cache

# From glibc's malloc.h.
M_MMAP_THRESHOLD = -3
M_ARENA_MAX = -8
ARENAS = 2
LARGE_BYTES = 1_000_000


@cache
def keep_memory_flat() -> bool:
    """Tell the C library, once for the process; whether it understood (glibc does).

    As it comes, each thread gets a heap of its own, and pictures of all sizes leave holes in
    every one of them: the process grows by half without holding anything more. With two heaps and
    large buffers outside of them it stays where it was after the first pictures.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return False
    return bool(mallopt(M_ARENA_MAX, ARENAS)) and bool(mallopt(M_MMAP_THRESHOLD, LARGE_BYTES))

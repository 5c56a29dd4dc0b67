"""Memory that does not grow with the number of threads."""

import ctypes
from functools import cache

# From glibc's malloc.h.
M_ARENA_MAX = -8
ARENAS = 2


@cache
def keep_memory_flat() -> bool:
    """Tell the C library, once for the process; whether it understood (glibc does).

    As it comes, each thread gets a heap of its own, and pictures of all sizes leave holes in
    every one of them: the process grows without holding anything more. Two heaps are enough for
    threads that mostly wait. (Large buffers outside of any heap are flatter still, and cost a
    tenth of all CPU in pages that are cleared anew for each picture.)
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    return mallopt is not None and bool(mallopt(M_ARENA_MAX, ARENAS))


def give_memory_back() -> None:
    """Return what the heaps hold free to the system.

    Done now and then, a process is as large as what it holds, not as the most it ever held.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)

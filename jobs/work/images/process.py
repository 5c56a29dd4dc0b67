"""A ceiling on the memory of the process that decodes files from strangers."""

import resource


def limit_process(memory_bytes: int) -> None:
    """Lower the address space of this process (RLIMIT_AS, soft) to so many bytes.

    For a prefork child, once, before its first picture. An allocation beyond it fails: most end
    as BadImage("memory"), a few places in C abort the process instead, which is then a lost
    worker and not a lost machine. Address space is more than memory: give 2 GB, not 500 MB.
    """
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    if hard != resource.RLIM_INFINITY:
        memory_bytes = min(memory_bytes, hard)
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, hard))

"""Pictures from strangers, made smaller and safe. Pure: bytes in, bytes out.

`sniff` and `inspect` may run anywhere; `render` evaluates pixels, so it runs in worker children
only (the module `vips` says why).
"""

from jobs.work.images.errors import BadImage, BadSize, Reason
from jobs.work.images.header import ImageInfo, inspect
from jobs.work.images.limits import DEFAULT_LIMITS, Limits
from jobs.work.images.process import limit_process
from jobs.work.images.render import Rendition, render
from jobs.work.images.sizes import DEFAULT_SIZE, Size, parse_sizes
from jobs.work.images.sniff import HEAD_BYTES, Format, sniff

__all__ = [
    "DEFAULT_LIMITS",
    "DEFAULT_SIZE",
    "HEAD_BYTES",
    "BadImage",
    "BadSize",
    "Format",
    "ImageInfo",
    "Limits",
    "Reason",
    "Rendition",
    "Size",
    "inspect",
    "limit_process",
    "parse_sizes",
    "render",
    "sniff",
]

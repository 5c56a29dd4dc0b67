"""libvips, set up for files from strangers. Everything here takes pyvips from this module.

Importing it is harmless. The first pixel starts libvips's threads, which do not survive a fork:
a child forked from such a process hangs. So pixels are evaluated in a worker's children only.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from jobs.work.images.errors import BadImage
from jobs.work.images.sniff import Format

# libvips reads these once, when it is first loaded. Nothing is read from the environment here.
os.environ.update(  # noqa: TID251 - written for libvips, which has no other way for the last one
    VIPS_CONCURRENCY="1",  # more threads were no faster for one picture; jobs run side by side
    VIPS_BLOCK_UNTRUSTED="1",
    VIPS_MAX_COORD="2000000",  # an animation is one tall strip of its frames
)

import pyvips

# Nothing is asked twice, so libvips's cache of operations would only hold memory.
pyvips.cache_set_max(0)
pyvips.concurrency_set(1)  # in case somebody imported pyvips before us

# "Untrusted" leaves TIFF and others open: close every loader, then open four. AVIF is Pillow's.
pyvips.operation_block_set("VipsForeignLoad", True)
for _loader in ("Jpeg", "Png", "Webp", "Nsgif"):
    pyvips.operation_block_set(f"VipsForeignLoad{_loader}", False)

__all__ = ["no_memory", "out_of_memory", "pyvips", "translated"]


@contextmanager
def translated(form: Format, data: bytes) -> Iterator[None]:
    """Turn what a decoder raises into BadImage: "truncated", "memory" or "broken"."""
    try:
        yield
    except MemoryError as error:
        raise no_memory() from error
    except (pyvips.Error, OSError, SyntaxError, ValueError, RuntimeError) as error:
        if out_of_memory(error):
            raise no_memory() from error
        if _ends_early(form, data) or "premature end" in str(error):
            raise BadImage(
                "truncated", f"The end of the {form.name} file is missing. Send it again, whole."
            ) from error
        raise BadImage(
            "broken", f"The {form.name} file is damaged. Open and save it anew, and send that."
        ) from error


def out_of_memory(error: Exception) -> bool:
    """Say whether an error stems from the limit on memory, by libvips's and libavif's words."""
    return "out of memory" in str(error).lower() or "unable to allocate" in str(error).lower()


def no_memory() -> BadImage:
    """Make the error for a picture that does not fit into the memory of this process."""
    return BadImage("memory", "The picture takes more memory than is allowed. Make it smaller.")


def _ends_early(form: Format, data: bytes) -> bool:
    """Look for the end mark, or the length in the header, of a file that did not decode."""
    match form:
        case Format.JPEG:
            return b"\xff\xd9" not in data[-65536:]
        case Format.PNG:
            return b"IEND" not in data
        case Format.WEBP:
            return int.from_bytes(data[4:8], "little") + 8 > len(data)
        case Format.GIF:
            return not data.rstrip(b"\0").endswith(b";")
        case Format.AVIF:
            return _boxes_end(data) > len(data)


def _boxes_end(data: bytes) -> int:
    """Add up the boxes of an ISO media file: where the last one says that it ends."""
    end = 0
    while end < len(data):
        size = int.from_bytes(data[end : end + 4], "big")
        if size < 8:  # 0: to the end of the file; 1: a 64-bit length, which no picture needs
            break
        end += size
    return end

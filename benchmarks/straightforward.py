"""The program that one would write in an afternoon: requests, Pillow, a pool of threads.

    python -m benchmarks.straightforward URL BUCKET_URL FORMAT COUNT

It does the same work as `jobs.work.pipeline` on honest input: download, lay the template on, encode
with the same settings, upload, and ask the server whether the upload is there. Written fairly: one
session per thread, the template scaled once for each size. Prints CPU seconds for the whole lot.
"""

import io
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache

import requests
from PIL import Image

from benchmarks.stamps import stamp

THREADS = 8
TYPES = {"jpeg": "image/jpeg", "png": "image/png", "webp": "image/webp"}
local = threading.local()
template = Image.open(io.BytesIO(stamp())).convert("RGBA")


@lru_cache
def layer(width: int, height: int) -> Image.Image:
    """The template on an empty picture of this size, at the lower right."""
    short = min(width, height)
    side, margin = round(0.25 * short), round(0.03 * short)
    small = template.resize((side, side), Image.Resampling.LANCZOS)
    sheet = Image.new("RGBA", (width, height))
    sheet.paste(small, (width - side - margin, height - side - margin))
    return sheet


def handle(source: str, target: str, form: str) -> None:
    """One picture, from URL to bucket."""
    if not hasattr(local, "session"):
        local.session = requests.Session()
    answer = local.session.get(source, timeout=20)
    answer.raise_for_status()
    picture = Image.open(io.BytesIO(answer.content)).convert("RGBA")
    picture = Image.alpha_composite(picture, layer(*picture.size)).convert("RGB")
    out = io.BytesIO()
    picture.save(out, form, quality=85)
    headers = {"Content-Type": TYPES[form]}
    local.session.put(target, out.getvalue(), headers=headers, timeout=20).raise_for_status()
    there = local.session.head(target, timeout=20)
    assert int(there.headers["Content-Length"]) == len(out.getvalue())


def main(source: str, target: str, form: str, count: int) -> None:
    """Handle so many pictures and print the CPU seconds that it took."""
    handle(f"{source}/photo/0", f"{target}/warm", form)
    started = time.process_time()
    with ThreadPoolExecutor(THREADS) as pool:
        ended = [
            pool.submit(handle, f"{source}/photo/{n}", f"{target}/straightforward/{n}", form)
            for n in range(count)
        ]
        for one in ended:
            one.result()
    print(time.process_time() - started)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]))

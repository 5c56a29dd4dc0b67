"""What the package does to the process that it is loaded into. Each test in one of its own."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[4]

FORKS = """
import os, signal
from jobs.work.images import Size, inspect, render
from tests.unit.jobs.work.image_corpus import animation, encode, photo

pictures = [encode(photo(), form) for form in ("JPEG", "PNG", "WEBP", "AVIF")] + [animation("GIF")]
for picture in pictures:
    inspect(picture)
assert len(os.listdir("/proc/self/task")) == 1, "a thread was started"
children = []
for _ in range(4):
    child = os.fork()
    if child == 0:
        signal.alarm(20)
        done = [render(picture, [Size(90, 90), Size(30, 30)]) for picture in pictures]
        os._exit(0 if all(len(made) == 2 for made in done) else 1)
    children.append(child)
print([os.waitpid(child, 0)[1] for child in children])
"""

IMPORTED = """
import os, sys
import jobs.work.images
print(len(os.listdir("/proc/self/task")), [m for m in sys.modules if m.split(".")[0] == "django"])
"""

LOADERS = """
import jobs.work.images
from jobs.work.images.vips import pyvips
TIFF = b"II*\\0\\x08\\0\\0\\0" + bytes(99)
SVG = b"<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'></svg>"
for data in (TIFF, SVG, b"1 2\\n3 4\\n"):
    try:
        print(pyvips.Image.new_from_buffer(data, "").get("vips-loader"))
    except pyvips.Error:
        print("blocked")
"""

LIMITED = """
import resource
from jobs.work.images import BadImage, Size, limit_process, render
from tests.unit.jobs.work.image_corpus import encode, photo, webp_claiming
_, hard = resource.getrlimit(resource.RLIMIT_AS)
limit_process(400_000_000)
print(resource.getrlimit(resource.RLIMIT_AS) == (400_000_000, hard))
try:
    render(webp_claiming(7000, 7000), [Size(640, 480)])
except BadImage as error:
    print(error.reason)
print(len(render(encode(photo(), "JPEG"), [Size(64, 48)])))
"""


def run(code):
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split("\n")[:-1]


def test_importing_starts_no_thread_and_needs_no_django():
    assert run(IMPORTED) == ["1 []"]


def test_children_forked_after_the_import_can_render():
    assert run(FORKS) == ["[0, 0, 0, 0]"]


def test_libvips_opens_nothing_else():
    assert run(LOADERS) == ["blocked"] * 3


def test_a_process_under_a_limit_refuses_and_lives_on():
    assert run(LIMITED) == ["True", "memory", "1"]

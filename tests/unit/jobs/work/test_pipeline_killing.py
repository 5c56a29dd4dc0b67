"""Large pictures: stopped in the middle, and one at a time."""

import threading
import time
from contextlib import suppress

import pytest
from PIL import Image

from jobs.work.images import Format
from jobs.work.pipeline import Halted, compose
from jobs.work.pipeline.composition import LARGE_PIXELS
from tests.unit.jobs.work.image_corpus import encode
from tests.unit.jobs.work.pipeline_samples import recipe


@pytest.fixture(scope="module")
def noise():
    """Eight megapixels that no codec likes."""
    return Image.effect_noise((3400, 2500), 60).convert("RGB")


class Watch:
    """Says stop after so many seconds."""

    def __init__(self, seconds):
        self.moment = time.monotonic() + seconds

    def __call__(self):
        if time.monotonic() > self.moment:
            raise Halted


@pytest.mark.parametrize("source", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("form", [Format.JPEG, Format.PNG, Format.WEBP])
def test_a_large_picture_can_be_stopped_in_the_middle(source, form, noise):
    options = {"method": 0, "quality": 70} if source == "WEBP" else {}
    data = encode(noise, source, **({"compress_level": 1} if source == "PNG" else options))
    made = recipe(format=form)
    started = time.process_time()
    compose(data, made)
    whole = time.process_time() - started

    began = time.process_time()
    with suppress(Halted):
        compose(data, made, watch=Watch(whole / 2))

    # In CPU seconds of this process, which does nothing else: a busy machine changes nothing.
    assert time.process_time() - began < whole / 2 + 2


def test_a_stop_ends_the_encoder_of_a_png(noise):
    data, made = encode(noise, "JPEG"), recipe(format=Format.PNG)
    calls = []
    compose(data, made, watch=lambda: calls.append(1))
    most = len(calls) - 5  # the last calls of a whole run come from the encoder

    def watch():
        calls.pop()
        if len(calls) < 5:
            raise Halted

    with pytest.raises(Halted):
        compose(data, made, watch=watch)
    assert most > 50


def test_two_large_pictures_are_never_in_memory_at_once(noise, monkeypatch):
    assert noise.width * noise.height > LARGE_PIXELS
    data = encode(noise, "JPEG")
    alone, together = threading.Lock(), threading.Event()

    def composed(recipe_, width, height):
        if not alone.acquire(blocking=False):
            together.set()
            return ()
        together.wait(0.2)  # for what must not happen; a second one would end the wait
        alone.release()
        return ()

    monkeypatch.setattr("jobs.work.pipeline.composition.overlays.overlay", composed)
    threads = [threading.Thread(target=compose, args=(data, recipe())) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert not together.is_set()

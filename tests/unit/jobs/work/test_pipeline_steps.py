"""The three steps one by one, with the bytes in a store."""

import io

import pytest
from PIL import Image

from jobs.work.images import Format
from jobs.work.pipeline import Failure, ItemFailed, Stage, steps
from tests.unit.jobs.work.pipeline_samples import blank, folder, policy, recipe
from tests.unit.jobs.work.servers import serving


@pytest.fixture
def store(tmp_path):
    return folder(tmp_path / "store")


def test_a_picture_goes_through_the_steps_by_name(store, tmp_path):
    with serving(lambda conversation: conversation.answer(body=blank())) as server:
        name = steps.download(server.url("/a.jpg"), store, "in/1", policy())
    made = steps.compose(name, store, "made/1.png", recipe(format=Format.PNG), policy())
    stored = steps.upload(made, store, folder(tmp_path / "out"), "1.png", Format.PNG)

    assert (name, made, stored.name) == ("in/1", "made/1.png", "1.png")
    with Image.open(io.BytesIO((tmp_path / "out/1.png").read_bytes())) as picture:
        assert (picture.format, picture.size) == ("PNG", (400, 300))


def test_a_download_that_fails_says_whether_to_try_again(store):
    def busy(conversation):
        conversation.answer(429, headers=("Retry-After: 9",))

    with serving(busy) as server, pytest.raises(ItemFailed) as failed:
        steps.download(server.url("/a.jpg"), store, "in/1", policy())

    assert (failed.value.stage, failed.value.failure) == (Stage.DOWNLOAD, Failure.BUSY)
    assert (failed.value.worth_retrying, failed.value.retry_after) == (True, 9)


def test_a_file_that_is_no_picture_fails_to_compose(store):
    store.put("in/1", b"<html>", "text/html")

    with pytest.raises(ItemFailed) as failed:
        steps.compose("in/1", store, "made/1", recipe(), policy())

    assert (failed.value.stage, failed.value.failure) == (Stage.COMPOSE, Failure.NOT_AN_IMAGE)


def test_a_file_that_was_removed_is_missed_in_words(store, tmp_path):
    with pytest.raises(ItemFailed, match="not in the store"):
        steps.upload("gone", store, folder(tmp_path / "out"), "1.jpg", Format.JPEG)

"""Names of outputs, and the short list of classes."""

import pickle
import re

import pytest

from jobs.work.fetch import FailureClass, FetchError
from jobs.work.images import BadImage, Format
from jobs.work.pipeline import DestinationDown, Failure, ItemFailed, Stage, output_name
from jobs.work.pipeline.classes import OF_FETCH, OF_IMAGE, compose_failed, download_failed
from jobs.work.pipeline.failures import WORDS

URL = "https://example.com/shop/Red%20shoe.JPG?size=2"


def test_a_name_is_the_same_whenever_it_is_asked():
    name = output_name("spring", 7, URL, Format.PNG)

    assert name == output_name("spring", 7, URL, Format.PNG)
    assert re.fullmatch(r"spring/000007-Red-shoe-[0-9a-f]{10}\.png", name)


def test_two_urls_or_two_places_in_a_batch_never_share_a_name():
    urls = ("https://a/x.jpg", "https://b/x.jpg")

    names = {output_name("b", number, url, Format.JPEG) for url in urls for number in (1, 2)}

    assert len(names) == 4


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/../../etc/passwd",
        "https://example.com/%2e%2e%2f%2e%2e%2fetc%2fpasswd",
        "https://example.com/a%00b\n.jpg",
        "https://example.com/" + "long" * 1000,
        "https://example.com/写真.jpg",
        "https://example.com/",
        "http://[broken/x.jpg",
        "\ud800",
        "",
    ],
)
def test_a_name_is_safe_whatever_the_url(url):
    name = output_name("../batch", 1, url, Format.JPEG)

    assert re.fullmatch(r"batch/[A-Za-z0-9_-]{1,70}\.jpg", name)


def test_every_failure_of_a_download_has_a_class():
    for reason in FailureClass:
        if reason is not FailureClass.HTTP_STATUS:
            assert download_failed(FetchError(reason, "x")).failure is OF_FETCH[reason]


@pytest.mark.parametrize(
    ("status", "failure", "again"),
    [
        (404, Failure.NOT_FOUND, False),
        (410, Failure.NOT_FOUND, False),
        (401, Failure.REFUSED, False),
        (403, Failure.REFUSED, False),
        (408, Failure.BUSY, True),
        (429, Failure.BUSY, True),
        (500, Failure.SERVER_ERROR, True),
        (503, Failure.SERVER_ERROR, True),
    ],
)
def test_a_status_has_its_class_and_says_whether_to_try_again(status, failure, again):
    error = FetchError(FailureClass.HTTP_STATUS, "x", status=status, retry_after=4.0)

    failed = download_failed(error)

    assert (failed.failure, failed.worth_retrying) == (failure, again)
    assert failed.retry_after == 4


def test_every_fault_of_a_picture_has_a_class_and_is_not_tried_again():
    for reason, failure in OF_IMAGE.items():
        failed = compose_failed(BadImage(reason, "x"))
        assert (failed.failure, failed.stage) == (failure, Stage.COMPOSE)
        assert not failed.worth_retrying


def test_every_class_has_words_for_people():
    assert set(WORDS) == set(Failure)
    assert len(set(WORDS.values())) == len(WORDS)


def test_errors_survive_the_way_between_processes():
    failed = pickle.loads(
        pickle.dumps(
            ItemFailed(Stage.DOWNLOAD, Failure.BUSY, "Later.", worth_retrying=True, retry_after=3.0)
        )
    )
    down = pickle.loads(pickle.dumps(DestinationDown("full", "No room.")))

    assert (failed.stage, failed.failure, str(failed)) == ("download", "busy", "Later.")
    assert (failed.worth_retrying, failed.retry_after) == (True, 3.0)
    assert (down.trouble, down.passes, str(down)) == ("full", True, "No room.")

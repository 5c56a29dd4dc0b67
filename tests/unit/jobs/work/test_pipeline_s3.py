"""A bucket as a destination, against moto's server and against servers that fail."""

import hashlib
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from jobs.work.pipeline import DestinationDown, Failure, Halted, Item, ItemFailed, run_chunk
from jobs.work.pipeline.s3 import S3Destination
from tests.servers.buckets import bucket, moto, sink
from tests.servers.wire import answers
from tests.unit.jobs.work.pipeline_samples import blank, policy, recipe
from tests.unit.jobs.work.servers import serving


@pytest.fixture(scope="module")
def place():
    with moto() as running:
        yield running


@pytest.fixture
def destination(place):
    opened = S3Destination(place)
    yield opened
    opened.close()


def test_what_was_put_can_be_got(destination):
    stored = destination.put("batch/ä 1.jpg", b"picture", "image/jpeg")

    assert (stored.name, stored.size, len(stored.etag)) == ("batch/ä 1.jpg", 7, 32)
    assert destination.get("batch/ä 1.jpg") == b"picture"


def test_a_second_put_of_one_name_takes_the_place_of_the_first(destination):
    destination.put("twice", b"first", "image/jpeg")
    destination.put("twice", b"second", "image/jpeg")

    assert destination.get("twice") == b"second"


def test_what_is_not_there_is_none_and_may_be_deleted(destination):
    assert destination.get("nothing") is None
    destination.delete("nothing")


def test_the_check_leaves_nothing_behind(destination):
    destination.check()


def test_it_opens_again_after_it_was_closed(destination):
    destination.put("a", b"1", "text/plain")
    destination.close()

    assert destination.get("a") == b"1"


def test_a_signed_address_opens_the_object_for_anybody(destination):
    destination.put("seen", b"1", "text/plain")

    assert answers(destination.signed_url("seen", 60)) == 200


def test_many_threads_may_put_at_once(destination):
    with ThreadPoolExecutor(8) as pool:
        stored = list(
            pool.map(lambda n: destination.put(f"many/{n}", bytes(n), "text/plain"), range(40))
        )

    assert [one.size for one in stored] == list(range(40))


def test_a_bucket_that_does_not_exist_is_missing(place):
    with (
        closing(S3Destination(bucket(place.endpoint, bucket="nowhere"))) as nowhere,
        pytest.raises(DestinationDown) as down,
    ):
        nowhere.check()

    assert (down.value.trouble, down.value.passes) == ("missing", False)


def test_a_server_that_is_away_is_unreachable():
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]

    with (
        closing(S3Destination(bucket(f"http://127.0.0.1:{port}"))) as place,
        pytest.raises(DestinationDown) as down,
    ):
        place.check()

    assert (down.value.trouble, down.value.passes) == ("unreachable", True)


def test_a_bucket_without_keys_is_not_even_asked():
    with (
        closing(S3Destination(bucket("http://127.0.0.1:1", key=""))) as place,
        pytest.raises(DestinationDown) as down,
    ):
        place.check()

    assert down.value.trouble == "credentials"


def _error(code: str) -> bytes:
    return f"<Error><Code>{code}</Code></Error>".encode()


@pytest.mark.parametrize(
    ("status", "code", "trouble"),
    [
        (500, "InternalError", "failing"),
        (503, "SlowDown", "failing"),
        (429, "", "failing"),
        (507, "", "full"),
        (500, "XMinioStorageFull", "full"),
        (403, "SignatureDoesNotMatch", "credentials"),
        (401, "", "credentials"),
        (400, "AuthorizationHeaderMalformed", "credentials"),
        (301, "PermanentRedirect", "missing"),
        (404, "NoSuchBucket", "missing"),
        (400, "SomethingNew", "failing"),
    ],
)
def test_trouble_of_the_place_has_its_kind(status, code, trouble):
    def refuse(conversation):
        conversation.answer(status, body=_error(code))

    with (
        serving(refuse) as server,
        closing(S3Destination(bucket(server.url("").rstrip("/"), retries=0))) as place,
        pytest.raises(DestinationDown) as down,
    ):
        place.put("a", b"1", "text/plain")

    assert down.value.trouble == trouble


@pytest.mark.parametrize(("status", "code"), [(413, ""), (400, "EntityTooLarge")])
def test_a_file_that_is_refused_is_no_trouble_of_the_place(status, code):
    def refuse(conversation):
        conversation.answer(status, body=_error(code))

    with (
        serving(refuse) as server,
        closing(S3Destination(bucket(server.url("").rstrip("/")))) as place,
        pytest.raises(ItemFailed) as refused,
    ):
        place.put("a", b"1", "text/plain")

    assert refused.value.failure is Failure.REJECTED
    assert not refused.value.worth_retrying


def test_an_upload_that_came_out_otherwise_is_noticed():
    def lie(conversation):
        size = 1 if conversation.request.startswith("PUT") else 9
        date = "Last-Modified: Thu, 01 Jan 2026 00:00:00 GMT"
        head = f"HTTP/1.1 200 X\r\nContent-Length: {0 if size == 1 else 9}\r\n"
        conversation.send(f'{head}ETag: "e"\r\n{date}\r\n\r\n'.encode())

    with (
        serving(lie) as server,
        closing(S3Destination(bucket(server.url("").rstrip("/")))) as place,
        pytest.raises(DestinationDown) as down,
    ):
        place.put("a", b"1", "text/plain")

    assert "something else" in str(down.value)


def test_a_put_under_way_is_given_up_at_once():
    def silent(conversation):
        conversation.wait()

    with serving(silent) as server:
        destination = S3Destination(bucket(server.url("").rstrip("/")))
        ended = []

        def put():
            try:
                destination.put("a", b"1", "text/plain")
            except Halted:
                ended.append(server.stopped.is_set())

        threads = [threading.Thread(target=put) for _ in range(3)]
        for thread in threads:
            thread.start()
        deadline = time.monotonic() + 20
        while len(server.requests) < 3:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        destination.halt()
        for thread in threads:
            thread.join(30)

    assert ended == [False] * 3  # by the halt: nobody else has said a word
    assert not [one for one in threading.enumerate() if one.name == "s3"]


def test_a_chunk_ends_in_a_bucket(destination):
    outcomes = []
    with serving(lambda conversation: conversation.answer(body=blank())) as server:
        items = [Item(n, server.url(f"/{n}.jpg"), f"batch/{n}.jpg") for n in range(12)]
        flow = run_chunk(
            items,
            recipe(),
            destination,
            policy(),
            stop=lambda: False,
            tell=lambda ended, flow: outcomes.extend(ended),
        )

    assert flow.done == len(outcomes) == 12
    for outcome in outcomes:
        data = destination.get(outcome.item.name)
        assert len(data) == outcome.bytes_out
        assert hashlib.md5(data).hexdigest() == outcome.etag


def test_nothing_is_begun_between_a_halt_and_the_close():
    with sink() as place, closing(S3Destination(place)) as destination:
        destination.halt()
        with pytest.raises(Halted):
            destination.put("late.jpg", b"1", "image/jpeg")
        destination.close()
        assert destination.put("again.jpg", b"1", "image/jpeg").size == 1

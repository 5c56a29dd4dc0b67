import pytest
from django.db import OperationalError

from jobs.api import errors
from jobs.work.images import BadImage

pytestmark = pytest.mark.django_db


def error_of(response, status):
    assert response.status_code == status
    assert response["Content-Type"] == "application/json"
    assert response["Cache-Control"] == "no-store"
    assert response.json().keys() == {"error"}
    assert response.json()["error"]["message"].endswith((".", "}"))
    return response.json()["error"]


@pytest.mark.parametrize("path", ["/api", "/api/", "/api/nothing", "/api/jobs/", "/api/jobs/a/b"])
@pytest.mark.parametrize("verb", ["get", "post", "delete"])
def test_an_unknown_address_answers_in_json(stranger, path, verb):
    assert error_of(getattr(stranger, verb)(path), 404)["code"] == "not_found"


def test_a_picture_without_a_uuid_is_an_unknown_address(program):
    assert error_of(program.get("/api/images/seven"), 404)["code"] == "not_found"


@pytest.mark.parametrize(
    ("verb", "path", "allowed"),
    [
        ("get", "/api/jobs", "POST"),
        ("put", "/api/jobs", "POST"),
        ("delete", "/api/jobs/x", "GET, HEAD"),
        ("get", "/api/jobs/x/cancel", "POST"),
        ("options", "/index", "POST"),
        ("post", "/healthz", "GET, HEAD"),
        ("patch", "/api/openapi.yaml", "GET, HEAD"),
    ],
)
def test_the_wrong_method_is_told_the_right_one(program, verb, path, allowed):
    response = getattr(program, verb)(path)
    assert error_of(response, 405)["code"] == "method_not_allowed"
    assert response["Allow"] == allowed


@pytest.mark.parametrize(
    "body",
    [" ", "{", "[1]", '"text"', "NaN", '{"task": Infinity}', b"\xff\xfe\xff", "[" * 100_000],
)
def test_a_body_that_is_no_json_object_is_malformed(program, body):
    response = program.post("/api/jobs", body, content_type="application/json")
    assert error_of(response, 400)["code"] == "malformed"


def test_another_content_type_is_refused(program):
    assert error_of(program.post("/api/jobs", {"task": "x"}), 415)["code"] == (
        "unsupported_media_type"
    )
    assert error_of(program.post("/api/images", {}, content_type="application/json"), 415)


def test_a_body_that_is_too_large_is_not_read(program, settings):
    settings.HACHI_MAX_MESSAGE_BYTES = 1_024
    body = '{"task": "' + "x" * 100_000 + '"}'
    response = program.post("/api/jobs", body, content_type="application/json")
    assert error_of(response, 413)["code"] == "too_large"


def test_a_body_beyond_what_django_reads_is_too_large_as_well(program, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100
    response = program.post("/api/jobs", " " * 200, content_type="application/json")
    assert error_of(response, 413)["code"] == "too_large"


def test_a_database_that_is_away_is_503_and_worth_another_try():
    response = errors.answer(OperationalError("connection refused at 10.1.2.3"))
    assert error_of(response_as_client(response), 503)["code"] == "database_unavailable"
    assert response["Retry-After"] == "5"
    assert b"10.1.2.3" not in response.content


def test_an_error_that_nobody_expected_shows_nothing_of_itself(caplog):
    response = errors.answer(KeyError("secret"))
    assert error_of(response_as_client(response), 500)["code"] == "internal"
    assert b"secret" not in response.content
    assert "secret" in caplog.text


@pytest.mark.parametrize(
    ("reason", "status"), [("too_large", 413), ("format", 415), ("empty", 400), ("broken", 400)]
)
def test_what_is_wrong_with_a_picture_decides_the_status(reason, status):
    response = errors.answer(BadImage(reason, "The picture is odd."))
    assert error_of(response_as_client(response), status)["argument"] == "file"


def response_as_client(response):
    """Give a response the `json` that the test client adds."""
    import json

    response.json = lambda: json.loads(response.content)
    return response

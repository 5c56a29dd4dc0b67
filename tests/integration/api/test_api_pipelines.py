import json

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from jobs.models import Job, Pipeline
from jobs.operations.tokens import create_token
from jobs.tasks import pipelines as tasks
from tests.integration.pipeline_runs import failed, fresh, png, run_chunks

pytestmark = pytest.mark.django_db
URL = "https://example.com/a.jpg"


def post(program, path, data):
    return program.post(path, json.dumps(data), content_type="application/json")


def test_a_template_is_uploaded_once(program):
    for _ in range(2):
        answer = program.post("/api/templates", {"file": SimpleUploadedFile("t.png", png())})
        assert answer.status_code == 201
    body = answer.json()
    assert (body["name"], body["width"], body["height"]) == ("t.png", 40, 30)
    bad = program.post("/api/templates", {"file": SimpleUploadedFile("t.png", b"no")})
    assert (bad.status_code, bad.json()["error"]["argument"]) == (400, "template")


def test_a_pipeline_is_started_shown_cancelled_and_retried(program, template, chunk_runs):
    answer = post(
        program,
        "/api/pipelines",
        {
            "urls": [URL, "https://example.com/b.jpg", URL],
            "template": template.digest,
            "recipe": {"mode": "cover", "opacity": 0.5, "format": "png"},
            "folder": "sale",
            "name": "Sale",
        },
    )
    assert answer.status_code == 202
    body = answer.json()
    assert (body["state"], body["counts"]["total"], body["folder"]) == ("running", 2, "sale")
    assert body["recipe"]["mode"] == "cover"
    pipeline = Pipeline.objects.get()
    assert pipeline.requested_by == "token:ci"
    assert program.get(body["url"]).json()["id"] == body["id"]
    cancelled = post(program, f"/api/pipelines/{body['id']}/cancel", {})
    assert (cancelled.status_code, cancelled.json()["state"]) == (202, "cancelled")
    assert post(program, f"/api/pipelines/{body['id']}/cancel", {}).status_code == 202
    again = post(program, f"/api/pipelines/{body['id']}/retry", {"states": ["cancelled"]})
    assert (again.status_code, again.json()["counts"]["waiting"]) == (202, 2)
    assert post(program, f"/api/pipelines/{body['id']}/retry", {}).status_code == 409
    chunk_runs.ends = failed
    run_chunks(pipeline)
    shown = program.get(body["url"]).json()
    assert (shown["state"], shown["causes"][0]["number"]) == ("failed", 2)
    [line] = program.get("/api/pipelines").json()["pipelines"]
    assert (line["failed"], line["state"]) == (2, "failed")
    answer = post(program, f"/api/pipelines/{body['id']}/retry", {"reason": "blocked"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "nothing_to_retry")
    assert post(program, f"/api/pipelines/{body['id']}/cancel", {}).status_code == 409
    table = b"".join(program.get(shown["outcomes"]).streaming_content).decode()
    assert table.splitlines()[1].startswith(f"1,{URL},failed,download,not_found,")


@pytest.mark.parametrize(
    ("change", "argument", "part"),
    [
        ({"urls": ["ftp://x/y", URL]}, "urls", "Line 1: Only http and https"),
        ({"urls": []}, "urls", "There is no address"),
        ({"urls": [1]}, "urls", "a list of texts"),
        ({"template": "0"}, "template", "/api/templates"),
        ({"template": None}, "template", "/api/templates"),
        ({"recipe": {"mode": "sideways"}}, "recipe.mode", "must be one of"),
        ({"recipe": {"colour": 1}}, "recipe.colour", "has no 'colour'"),
        ({"recipe": []}, "recipe.mode", "an object"),
        ({"destination": "moon"}, "destination", "The settings know: local"),
        ({"folder": "a/b"}, "folder", "letters, digits"),
        ({"folder": "a-"}, "folder", "letters, digits"),
        ({"folder": "a" * 101}, "folder", "letters, digits"),
        ({"size": 1}, "size", "not known"),
    ],
)
def test_mistakes_are_told_with_the_key_at_fault(program, template, change, argument, part):
    body = {"urls": [URL], "template": template.digest} | change
    answer = post(program, "/api/pipelines", body)
    error = answer.json()["error"]
    assert (answer.status_code, error["argument"]) == (400, argument)
    assert part in error["message"]
    assert Pipeline.objects.count() == 0


def test_a_template_whose_file_is_gone_is_to_be_uploaded_again(program, template):
    default_storage.delete(template.file)
    answer = post(program, "/api/pipelines", {"urls": [URL], "template": template.digest})
    assert (answer.status_code, answer.json()["error"]["argument"]) == (400, "template")
    assert "Upload it again" in answer.json()["error"]["message"]
    program.post("/api/templates", {"file": SimpleUploadedFile("t.png", png())})
    again = post(program, "/api/pipelines", {"urls": [URL], "template": template.digest})
    assert again.status_code == 202


@pytest.mark.parametrize(
    "body", [{"states": "failed"}, {"states": ["waiting"]}, {"states": []}, {"download_again": 1}]
)
def test_what_is_retried_is_checked(program, start, body):
    pipeline = start(1)
    tasks.cancel_pipeline(pipeline.pk, by="ben")
    assert post(program, f"/api/pipelines/{pipeline.pk}/retry", body).status_code == 400
    assert fresh(pipeline).finished_at


def test_what_is_not_there_is_404(program):
    nothing = "/api/pipelines/00000000-0000-0000-0000-000000000000"
    assert program.get(nothing).json()["error"]["code"] == "not_found"
    assert program.get(f"{nothing}/outcomes.csv").status_code == 404
    assert post(program, f"{nothing}/cancel", {}).status_code == 404
    assert program.get("/api/pipelines?before=yesterday").status_code == 400


def test_a_request_that_comes_twice_starts_one_pipeline(program, template):
    body = {
        "urls": [URL],
        "template": template.digest,
        "folder": "sale",
        "idempotency_key": "order-93",
    }
    first, second = (post(program, "/api/pipelines", body) for _ in range(2))
    assert (first.status_code, second.status_code) == (202, 202)
    assert first.json()["id"] == second.json()["id"]
    assert Job.objects.count() == 1
    body |= {"folder": "other"}
    assert post(program, "/api/pipelines", body).json()["folder"] == "sale"
    secret = create_token("another", timezone.now())
    other = Client(headers={"Authorization": f"Bearer {secret}"})
    assert post(other, "/api/pipelines", body).json()["id"] != first.json()["id"]
    assert post(program, "/api/pipelines", body | {"idempotency_key": 3}).status_code == 400


def test_repeated_addresses_are_counted_apart(program, template):
    body = {"urls": [URL, URL, URL], "template": template.digest}
    answer = post(program, "/api/pipelines", body).json()
    assert (answer["counts"]["total"], answer["repeated"]) == (1, 2)
    assert program.get(answer["url"]).json()["repeated"] == 2


def test_a_folder_with_results_of_the_same_names_is_refused(program, template):
    body = {"urls": [URL], "template": template.digest, "folder": "sale"}
    first = post(program, "/api/pipelines", body).json()
    answer = post(program, "/api/pipelines", body)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["argument"]) == (409, "folder_taken", "folder")
    assert first["id"] in error["message"]
    # Other addresses have other names, and so has another format.
    free = ({"urls": ["https://e.com/x"]}, {"recipe": {"format": "png"}}, {"folder": "sale-2"})
    for change in free:
        assert post(program, "/api/pipelines", body | change).status_code == 202

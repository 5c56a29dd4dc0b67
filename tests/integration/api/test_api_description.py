"""openapi.yaml against the running application: every address, every key."""

import json
import re
from dataclasses import fields
from io import BytesIO
from pathlib import Path

import pytest
import yaml
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import URLPattern
from PIL import Image

from jobs import states
from jobs.api import batch_payloads, bulk_payloads, pipeline_payloads, turn_payloads, urls
from jobs.api import errors as api_errors
from jobs.api.pause_payloads import NewPause
from jobs.api.payloads import NewJob
from jobs.tasks.images import resize_image
from jobs.work.pipeline import Recipe
from tests.integration.pipeline_runs import failed, png, run_chunks

FOLDER = Path(urls.__file__).parent


@pytest.fixture(scope="module")
def description():
    return yaml.safe_load((FOLDER / "openapi.yaml").read_text(encoding="utf-8"))


def templates():
    """The addresses of urls.py as OpenAPI writes them; the catch-all is none."""
    for pattern in urls.urlpatterns:
        assert isinstance(pattern, URLPattern)
        if pattern.name != "unknown":
            path = str(pattern.pattern)
            yield "/" + re.sub(r"<\w+:(\w+)>", r"{\1}", path)


def test_every_address_stands_in_the_description_and_the_other_way_round(description):
    assert set(templates()) == set(description["paths"])


@pytest.mark.django_db
def test_every_method_that_is_described_exists_and_no_other(description, program):
    verbs = {"get", "post", "put", "patch", "delete"}
    for path, item in description["paths"].items():
        where = path.format(
            job_id="x",
            pipeline_id="00000000-0000-0000-0000-000000000000",
            picture_id="00000000-0000-0000-0000-000000000000",
            size="9x9",
            batch_id="x",
            action_id="x",
            kind="queue",
            value="x",
            key="x",
        )
        if path == "/healthz":  # looks through connections of its own: test_api_health
            continue
        for verb in verbs:
            status = getattr(program, verb)(where).status_code
            assert (status != 405) == (verb in item), f"{verb} {path}"


def test_every_error_code_is_described(description):
    listed = description["components"]["schemas"]["Error"]["properties"]["error"]["properties"][
        "code"
    ]["enum"]
    source = "".join(path.read_text(encoding="utf-8") for path in FOLDER.glob("*.py"))
    assert listed == sorted(listed)
    for code in listed:
        assert f'"{code}"' in source, f"{code} is never given"
    for row in api_errors._TABLE.values():
        assert row[1] in listed


def test_every_state_is_described(description):
    listed = description["components"]["schemas"]["State"]["enum"]
    assert listed == [state.value for state in states.State]


def keys_of(description, name):
    schema = description["components"]["schemas"][name]
    assert set(schema["required"]) == set(schema["properties"])
    return set(schema["required"])


@pytest.mark.django_db
def test_answers_have_the_keys_that_are_described(description, program, a_job):
    a_job(progress_done=1, error_type="E")
    job = program.get("/api/jobs/job-1").json()
    assert job.keys() == keys_of(description, "Job")
    assert job["progress"].keys() == keys_of(description, "Progress")
    assert job["error"].keys() == keys_of(description, "JobError")
    body = json.dumps({"url": "https://example.com/"})
    handle = program.post("/index", body, content_type="application/json").json()
    assert handle.keys() == keys_of(description, "JobHandle")


@pytest.mark.django_db
def test_pictures_have_the_keys_that_are_described(description, program):
    data = BytesIO()
    Image.new("RGB", (8, 8)).save(data, "PNG")
    answer = program.post("/api/images", {"file": SimpleUploadedFile("a", data.getvalue())}).json()
    assert answer.keys() == keys_of(description, "PictureAccepted")
    resize_image(answer["id"])
    picture = program.get(f"/api/images/{answer['id']}").json()
    assert picture.keys() == keys_of(description, "Picture")
    assert picture["renditions"][0].keys() == keys_of(description, "Rendition")


@pytest.mark.django_db
def test_pipelines_have_the_keys_that_are_described(description, program, start, chunk_runs):
    answer = program.post("/api/templates", {"file": SimpleUploadedFile("t.png", png())}).json()
    assert answer.keys() == keys_of(description, "Template")
    chunk_runs.ends = failed
    pipeline = start(2)
    run_chunks(pipeline)
    shown = program.get(f"/api/pipelines/{pipeline.pk}").json()
    assert shown.keys() == keys_of(description, "Pipeline")
    assert shown["counts"].keys() == keys_of(description, "PipelineCounts")
    assert shown["causes"][0].keys() == keys_of(description, "PipelineCause")
    listed = program.get("/api/pipelines").json()
    assert listed.keys() == keys_of(description, "Pipelines")
    assert listed["pipelines"][0].keys() == keys_of(description, "PipelineLine")


def test_every_key_of_a_pipeline_is_described(description):
    schemas = description["components"]["schemas"]
    assert set(schemas["NewPipeline"]["properties"]) == pipeline_payloads.NEW_KEYS
    assert set(schemas["RetryPipeline"]["properties"]) == pipeline_payloads.RETRY_KEYS
    recipe = schemas["Recipe"]["properties"]
    assert set(recipe) == set(Recipe.__dataclass_fields__) - {"template"}
    for name, field in Recipe.__dataclass_fields__.items():
        assert name == "template" or recipe[name]["default"] == field.default


@pytest.mark.django_db(transaction=True)
def test_health_has_the_keys_that_are_described(description, stranger):
    answer = stranger.get("/healthz").json()
    assert answer.keys() == keys_of(description, "Health")
    checks = description["components"]["schemas"]["Health"]["properties"]["checks"]
    assert answer["checks"].keys() == set(checks["properties"])


@pytest.mark.django_db
def test_pauses_have_the_keys_that_are_described(description, program):
    body = json.dumps({"kind": "lane", "value": "a/b"})
    pause = program.post("/api/pauses", body, content_type="application/json").json()
    assert pause.keys() == keys_of(description, "Pause")
    assert program.get("/api/pauses").json().keys() == keys_of(description, "Pauses")
    assert program.delete(pause["url"]).json().keys() == keys_of(description, "Resumed")


@pytest.mark.django_db
def test_a_lane_has_the_keys_that_are_described(description, program):
    body = json.dumps({"task": "jobs.index_url", "args": ["https://example.com/"], "lane": "a/b"})
    program.post("/api/jobs", body, content_type="application/json")
    assert program.get("/api/lanes/a/b").json().keys() == keys_of(description, "Lane")


@pytest.mark.django_db
def test_batches_and_bulk_actions_have_the_keys_that_are_described(description, program, a_job):
    callback = {"task": "jobs.index_url", "args": ["https://example.com/"], "immutable": True}
    body = json.dumps({"open": True, "on_finish": callback})
    batch = program.post("/api/batches", body, content_type="application/json").json()
    a_job(state="failed", error_type="E", batch_id=batch["id"])
    batch = program.get(batch["url"]).json()
    assert batch.keys() == keys_of(description, "Batch")
    assert batch["counts"].keys() == keys_of(description, "BatchCounts")
    assert batch["causes"][0].keys() == keys_of(description, "BatchCause")
    assert batch["callbacks"][0].keys() == keys_of(description, "BatchCallback")
    listed = program.get("/api/batches").json()
    assert listed.keys() == keys_of(description, "Batches")
    assert listed["batches"][0].keys() == keys_of(description, "BatchLine")
    body = json.dumps({"verb": "retry", "filter": {"batch": batch["id"]}})
    action = program.post("/api/bulk-actions", body, content_type="application/json").json()
    assert action.keys() == keys_of(description, "BulkAction")
    listed = program.get("/api/bulk-actions").json()
    assert listed.keys() == keys_of(description, "BulkActions")


def test_every_key_of_a_batch_and_a_bulk_action_is_described(description):
    schemas = description["components"]["schemas"]
    assert set(schemas["NewBatch"]["properties"]) == batch_payloads.BATCH_KEYS
    assert set(schemas["NewMembers"]["properties"]) == batch_payloads.MEMBER_KEYS
    assert set(schemas["NewCallback"]["properties"]) == batch_payloads.CALLBACK_KEYS
    assert set(schemas["NewBulkAction"]["properties"]) == bulk_payloads.KEYS
    assert set(schemas["JobFilter"]["properties"]) == bulk_payloads.FILTER_KEYS


def test_everything_that_a_job_waits_for_is_described(description):
    listed = description["components"]["schemas"]["Job"]["properties"]["waiting_for"]["enum"]
    assert [kind or "" for kind in listed[-1:] + listed[:-1]] == list(states.WaitingFor)


@pytest.mark.parametrize(
    ("name", "known"), [("NewJob", NewJob), ("NewPause", NewPause)], ids=["job", "pause"]
)
def test_every_key_of_a_request_is_described(description, name, known):
    keys = {field.name for field in fields(known)}
    if "turn" in keys:
        keys = keys - {"turn"} | turn_payloads.KEYS
    assert set(description["components"]["schemas"][name]["properties"]) == keys


def test_every_reference_leads_somewhere(description):
    def walk(node):
        if isinstance(node, dict):
            if "$ref" in node:
                target = description
                for part in node["$ref"].removeprefix("#/").split("/"):
                    target = target[part]
            node = list(node.values())
        if isinstance(node, list):
            for child in node:
                walk(child)

    walk(description)


def test_the_description_is_served_to_everybody(stranger):
    response = stranger.get("/api/openapi.yaml")
    assert response.status_code == 200
    assert response["Content-Type"].startswith("application/yaml")
    assert response.content.decode() == (FOLDER / "openapi.yaml").read_text(encoding="utf-8")

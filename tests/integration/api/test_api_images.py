import io
from pathlib import Path
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from PIL import Image

from jobs.models import Job, Picture
from jobs.tasks.images import resize_image

pytestmark = pytest.mark.django_db


def picture(name="cat.png", size=(64, 48), form="PNG"):
    data = io.BytesIO()
    Image.new("RGB", size, "teal").save(data, form)
    return SimpleUploadedFile(name, data.getvalue(), content_type="text/html")


def files_in(settings):
    return [path for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file()]


def test_an_upload_is_stored_and_its_job_submitted(program):
    response = program.post("/api/images", {"file": picture(), "sizes": "32x32,16x16"})
    assert response.status_code == 202
    answer = response.json()
    assert answer.keys() == {"id", "job"}
    assert answer["job"].keys() == {"id", "state", "url"}
    row = Picture.objects.get(pk=answer["id"])
    job = Job.objects.get(pk=answer["job"]["id"])
    assert (row.job, row.name, row.content_type) == (job.pk, "cat.png", "image/png")
    assert (job.task, job.requested_by) == ("jobs.resize_image", "token:ci")
    assert row.uploaded_by == "token:ci"


def test_the_answer_grows_as_the_job_does_its_work(program):
    answer = program.post("/api/images", {"file": picture(), "sizes": "32x32"}).json()
    path = f"/api/images/{answer['id']}"
    before = program.get(path).json()
    assert (before["renditions"], before["width"]) == ([], None)
    assert before["job"]["id"] == answer["job"]["id"]
    resize_image(answer["id"], ["32x32"])
    after = program.get(path).json()
    assert (after["width"], after["height"]) == (64, 48)
    [rendition] = after["renditions"]
    assert (rendition["size"], rendition["width"], rendition["height"]) == ("32x32", 32, 24)
    file = program.get(rendition["url"])
    assert (file.status_code, file["Content-Type"]) == (200, "image/png")
    assert len(file.getvalue()) == rendition["bytes"]
    assert file["Content-Security-Policy"] == "default-src 'none'; sandbox"


def test_a_rendition_is_not_for_strangers_and_not_found_when_it_is_gone(
    program, stranger, settings
):
    answer = program.post("/api/images", {"file": picture()}).json()
    path = f"/api/images/{answer['id']}/640x480"
    assert stranger.get(path).status_code == 401
    assert program.get(path).status_code == 404
    resize_image(answer["id"])
    assert len(program.get(path).getvalue()) > 0
    assert program.get(path + "%00x").status_code == 404
    for file in files_in(settings):
        file.unlink()
    assert program.get(path).json()["error"]["code"] == "not_found"


def test_the_name_of_an_upload_is_text_and_never_a_path(program, settings):
    name = "<b>\u202e../../" + "n" * 300 + ".svg"
    answer = program.post("/api/images", {"file": picture(name)}).json()
    row = Picture.objects.get(pk=answer["id"])
    assert len(row.name) <= 255
    assert [path.name for path in files_in(settings)] == [f"{row.pk}.png"]


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (b"", 400, "bad_image"),
        (b"<svg onload=alert(1)>", 415, "unsupported_format"),
        (b"MZ\x90\x00" + b"\0" * 600, 415, "unsupported_format"),
    ],
)
def test_what_is_no_picture_is_refused_and_leaves_nothing(program, settings, content, status, code):
    response = program.post("/api/images", {"file": SimpleUploadedFile("cat.png", content)})
    assert response.status_code == status
    assert response.json()["error"]["code"] == code
    assert not files_in(settings)
    assert not Picture.objects.exists()


def test_an_upload_that_is_too_large_is_refused_by_its_length(program, settings):
    settings.HACHI_UPLOAD_MAX_BYTES = 1_024
    large = SimpleUploadedFile("a.png", b"\x89PNG\r\n\x1a\n" + b"x" * 200_000)
    response = program.post("/api/images", {"file": large})
    assert response.status_code == 413
    barely = SimpleUploadedFile("a.png", b"\x89PNG\r\n\x1a\n" + b"x" * 2_000)
    assert program.post("/api/images", {"file": barely}).status_code == 413
    assert not files_in(settings)


@pytest.mark.parametrize(
    "sizes", ["", "big", "0x10", "640x480,", "99999x1", ",".join(["9x9"] * 99)]
)
def test_sizes_are_checked_before_anything_is_stored(program, settings, sizes):
    sizes = sizes if "9x9" not in sizes else ",".join(f"{n}x{n}" for n in range(1, 99))
    response = program.post("/api/images", {"file": picture(), "sizes": sizes})
    assert response.status_code == 400
    assert response.json()["error"]["argument"] == "sizes"
    assert not files_in(settings)


def test_one_file_and_nothing_unknown(program):
    none = program.post("/api/images", {"sizes": "9x9"})
    two = program.post("/api/images", {"file": [picture(), picture()]})
    more = program.post("/api/images", {"file": picture(), "colour": "red"})
    assert none.json()["error"]["code"] == two.json()["error"]["code"] == "missing_file"
    assert more.json()["error"]["argument"] == "colour"


def test_a_broken_multipart_body_is_malformed(program):
    response = program.post("/api/images", b"x", content_type="multipart/form-data")
    assert response.status_code == 400
    assert response.json()["error"]["code"] == "malformed"


def test_a_picture_that_is_not_there_is_not_found(program):
    assert program.get(f"/api/images/{uuid4()}").json()["error"]["code"] == "not_found"


def test_a_picture_outlives_its_job(program):
    answer = program.post("/api/images", {"file": picture()}).json()
    Job.objects.all().delete()
    assert program.get(f"/api/images/{answer['id']}").json()["job"] is None


def test_a_job_that_is_refused_takes_the_file_along(program, settings):
    settings.HACHI_MAX_MESSAGE_BYTES = 10
    with transaction.atomic():
        response = program.post("/api/images", {"file": picture()})
    assert response.status_code == 413
    assert not files_in(settings)
    assert not Picture.objects.exists()

import io

import pytest
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from PIL import Image

from jobs.models import Job, Picture, Rendition
from tests.integration.uploads import store_upload
from tests.integration.web.web_rows import make_job

pytestmark = pytest.mark.django_db


def jpeg(name="bee.jpg", size=(64, 48)):
    data = io.BytesIO()
    Image.new("RGB", size, "orange").save(data, "JPEG")
    return SimpleUploadedFile(name, data.getvalue(), "image/jpeg")


def picture(state="succeeded", name="bee.jpg"):
    stored = store_upload(jpeg(name), by="ann", now=timezone.now())
    Picture.objects.filter(pk=stored.pk).update(job=make_job(state).id)
    stored.refresh_from_db()
    return stored


def rendition(of):
    row = Rendition(
        picture=of,
        size="32x32",
        content_type="image/jpeg",
        bytes=3,
        width=32,
        height=24,
        created_at=timezone.now(),
    )
    row.file.save("r.jpg", ContentFile(b"jpg"), save=True)
    return row


def test_a_picture_is_uploaded_and_becomes_a_job(web):
    answer = web.post("/pictures/", {"files": [jpeg()], "sizes": "32x32, 16x16"}, follow=True)

    assert answer.status_code == 200
    stored = Picture.objects.get()
    job = Job.objects.get()
    assert (stored.name, stored.uploaded_by, stored.job) == ("bee.jpg", "ann", job.id)
    assert (job.task, job.requested_by) == ("jobs.resize_image", "ann")
    assert "32x32" in job.message


def test_several_pictures_are_several_jobs(web):
    web.post("/pictures/", {"files": [jpeg("a.jpg"), jpeg("b.jpg")], "sizes": ""})

    assert Picture.objects.count() == Job.objects.count() == 2


def test_what_is_no_picture_is_refused_with_a_reason(web):
    text = SimpleUploadedFile("notes.txt", b"hello", "image/jpeg")

    answer = web.post("/pictures/", {"files": [text], "sizes": ""}, follow=True)

    assert "notes.txt: " in answer.text
    assert Picture.objects.count() == Job.objects.count() == 0


def test_a_script_is_told_by_status(web):
    headers = {"X-Requested-With": "XMLHttpRequest"}

    good = web.post("/pictures/", {"files": [jpeg()], "sizes": "32x32"}, headers=headers)
    bad = web.post("/pictures/", {"files": [jpeg()], "sizes": "huge"}, headers=headers)
    none = web.post("/pictures/", {"sizes": "32x32"}, headers=headers)

    assert (good.status_code, bad.status_code, none.status_code) == (201, 422, 422)
    assert "&#x27;huge&#x27; is not a size" in bad.text or "'huge' is not a size" in bad.text
    assert bad["Content-Type"].startswith("text/plain")


def test_a_file_that_is_too_large_is_refused(web, settings):
    settings.HACHI_UPLOAD_MAX_BYTES = 100

    web.post("/pictures/", {"files": [jpeg()], "sizes": ""})

    assert Picture.objects.count() == 0


@pytest.mark.parametrize("state", ["queued", "running", "succeeded", "failed", "scheduled"])
def test_the_gallery_shows_pictures_in_every_state(web, state):
    stored = picture(state)
    rendition(stored)

    assert "bee.jpg" in web.get("/pictures/").text
    assert "bee.jpg" in web.get(f"/pictures/{stored.pk}/").text


def test_a_name_does_not_become_html(web):
    stored = picture(name="<b>x.jpg")

    assert "<b>x" not in web.get("/pictures/").text
    assert "<b>x" not in web.get(f"/pictures/{stored.pk}/").text


def test_the_gallery_waits_for_copies_and_then_rests(web):
    stored = picture("running")
    board = web.get("/pictures/").context["board"]
    assert web.get(board.poll_url).status_code == 204

    rendition(stored)
    Job.objects.update(state="succeeded", finished_at=timezone.now())
    answer = web.get(board.poll_url)

    assert answer.status_code == 286
    assert f"picture-{stored.pk}" in answer.text
    assert "<img" in answer.text


def test_older_pictures_are_a_page_further(web):
    for number in range(26):
        picture(name=f"p{number:02}.jpg")

    page = web.get("/pictures/")
    older = web.get(
        f"/pictures/?before={page.context['page'].older.isoformat()}".replace("+", "%2B")
    )

    assert len(page.context["page"].cards) == 24
    assert [card.picture.name for card in older.context["page"].cards] == ["p01.jpg", "p00.jpg"]


def test_a_picture_shows_on_the_page_of_its_job(web):
    stored = picture("succeeded")
    copy = rendition(stored)

    assert copy.file.url in web.get(f"/jobs/{stored.job}/").text


def test_files_are_served_so_that_nothing_in_them_runs(web):
    stored = picture()

    answer = web.get(stored.file.url)

    assert answer.status_code == 200
    assert answer["Content-Type"] == "image/jpeg"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer["Content-Security-Policy"]
    assert b"".join(answer.streaming_content).startswith(b"\xff\xd8")


def test_a_type_that_a_browser_might_run_is_downloaded(web):
    stored = picture()
    for kind in ("text/html", "image/svg+xml"):
        Picture.objects.update(content_type=kind)
        answer = web.get(stored.file.url)
        b"".join(answer.streaming_content)
        assert answer["Content-Type"] == "application/octet-stream"
        assert answer["Content-Disposition"].startswith("attachment")


def test_only_files_of_pictures_are_served(web, media):
    (media / "secret.txt").write_text("secret")

    for name in ("secret.txt", "../secret.txt", "pictures/%2e%2e/secret.txt"):
        assert web.get(f"/media/{name}").status_code == 404


def test_a_file_that_is_gone_is_404(web, media):
    stored = picture()
    (media / stored.file.name).unlink()

    assert web.get(stored.file.url).status_code == 404

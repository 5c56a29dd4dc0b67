import io
import resource
from datetime import UTC, datetime
from types import SimpleNamespace
from uuid import uuid4

import pytest
from django.core.files.base import ContentFile
from PIL import Image

from jobs.models import Job, Picture, Rendition
from jobs.queries.status import PictureNotFound
from jobs.tasks import bounds
from jobs.tasks import images as tasks
from jobs.tasks.images import resize_image, submit_resize, submit_upload
from jobs.work.images import BadImage, BadSize, Size
from tests.integration.uploads import store_upload

pytestmark = pytest.mark.django_db

NOW = datetime(2031, 5, 6, tzinfo=UTC)


@pytest.fixture(autouse=True)
def media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    return tmp_path


def file(size=(640, 320), form="JPEG"):
    data = io.BytesIO()
    Image.effect_noise(size, 50).convert("RGB").save(data, form)
    return ContentFile(data.getvalue(), name="noise")


@pytest.fixture
def picture():
    return store_upload(file(), by="token:ci", now=NOW)


def test_a_picture_is_made_in_every_size(picture):
    answer = resize_image(str(picture.pk), ["320x320", "100x100"])
    assert answer["picture"] == str(picture.pk)
    assert [(r["size"], r["width"], r["height"]) for r in answer["renditions"]] == [
        ("320x320", 320, 160),
        ("100x100", 100, 50),
    ]
    for row in Rendition.objects.all():
        with row.file.open() as stored, Image.open(stored) as made:
            assert made.size == (row.width, row.height)
        assert row.file.size == row.bytes


def test_without_sizes_there_is_a_default(picture):
    [rendition] = resize_image(str(picture.pk))["renditions"]
    assert (rendition["size"], rendition["width"]) == ("640x480", 640)


def test_running_twice_gives_the_same_as_running_once(picture, media):
    once = resize_image(str(picture.pk), ["100x100"])
    files = sorted(media.rglob("*"))
    assert resize_image(str(picture.pk), ["100x100"]) == once
    assert sorted(media.rglob("*")) == files
    assert Rendition.objects.count() == 1


def test_a_broken_picture_fails_for_good():
    broken = store_upload(ContentFile(file().read()[:2_000], name="half"), by="", now=NOW)
    with pytest.raises(BadImage, match="end of the JPEG"):
        resize_image(str(broken.pk))


@pytest.mark.parametrize("sizes", [["big"], ["0x0"], ["1x1"] + [f"{n}x1" for n in range(2, 40)]])
def test_a_size_that_is_none_fails_for_good(picture, sizes):
    with pytest.raises(BadSize):
        resize_image(str(picture.pk), sizes)


@pytest.mark.parametrize("picture_id", ["", "seven", str(uuid4()), None, 7])
def test_a_picture_that_is_not_there_fails_for_good(picture_id):
    with pytest.raises(PictureNotFound):
        resize_image(picture_id)


def test_a_file_that_is_away_is_worth_another_try(picture, media):
    (media / picture.file.name).unlink()
    assert OSError in resize_image.autoretry_for
    with pytest.raises(FileNotFoundError):  # what a retry raises outside of a worker
        resize_image(str(picture.pk))


def test_memory_is_bounded_in_a_child_of_the_pool_and_only_while_it_renders(picture, monkeypatch):
    seen = []
    before = resource.getrlimit(resource.RLIMIT_AS)
    monkeypatch.setattr(tasks, "check_cancelled", lambda: seen.append(_soft_limit()))
    resize_image(str(picture.pk))
    child = SimpleNamespace(daemon=True)
    monkeypatch.setattr(bounds, "current_process", lambda: child)
    resize_image(str(picture.pk))
    assert seen == [before[0], bounds.RENDER_MEMORY_BYTES]
    assert resource.getrlimit(resource.RLIMIT_AS) == before


def _soft_limit():
    return resource.getrlimit(resource.RLIMIT_AS)[0]


def test_the_job_stands_on_the_picture(picture):
    job = Job.objects.get(pk=submit_resize(picture, [Size(9, 9)], by="ann"))
    picture.refresh_from_db()
    assert picture.job == job.pk
    assert (job.task, job.requested_by, job.max_attempts) == ("jobs.resize_image", "ann", 4)
    assert "9x9" in job.message


def test_an_upload_and_its_job_are_written_together(media):
    picture = submit_upload(file(), [Size(9, 9)], by="ann", now=NOW)
    assert Job.objects.get().pk == Picture.objects.get().job == picture.job


def test_an_upload_whose_job_is_refused_leaves_nothing(media, settings):
    settings.HACHI_MAX_MESSAGE_BYTES = 10
    with pytest.raises(Exception, match=r"take .* bytes"):
        submit_upload(file(), by="ann", now=NOW)
    assert not Picture.objects.exists()
    assert not [path for path in media.rglob("*") if path.is_file()]

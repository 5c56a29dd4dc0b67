import io
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from PIL import Image

from jobs.errors import WorkError
from jobs.models import Picture, Rendition
from jobs.operations.pictures import (
    add_picture,
    discard_upload,
    receive_upload,
    removed_on_error,
    save_renditions,
)
from jobs.work import images
from tests.integration.refusals import refused
from tests.integration.uploads import store_upload

pytestmark = pytest.mark.django_db

NOW = datetime(2031, 5, 6, tzinfo=UTC)


@pytest.fixture(autouse=True)
def media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    return tmp_path


def upload(name="cat.jpg", form="JPEG", size=(64, 48)):
    data = io.BytesIO()
    Image.new("RGB", size, "teal").save(data, form)
    return ContentFile(data.getvalue(), name=name)


def files_in(media):
    return sorted(str(path.relative_to(media)) for path in media.rglob("*") if path.is_file())


def rendition(size="32x32", data=b"made", form=images.Format.JPEG):
    return images.Rendition(images.Size.parse(size), 32, 24, form, data)


INFO = images.ImageInfo(images.Format.JPEG, 64, 48, 1)


def test_the_bytes_decide_what_a_file_is(media):
    picture = store_upload(upload("cat.php", "WEBP"), by="token:ci", now=NOW)
    assert (picture.content_type, picture.name) == ("image/webp", "cat.php")
    assert files_in(media) == [f"pictures/originals/2031-05-06/{picture.pk}.webp"]
    assert picture.bytes == (media / picture.file.name).stat().st_size


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\me\\cat.jpg", "cat.jpg"),
        ("a\0b\n\u202ec.jpg", "abc.jpg"),
        ("猫.jpg", "猫.jpg"),
        ("n" * 300, "n" * 255),
        ("/", "unnamed"),
    ],
)
def test_the_name_is_kept_as_text(name, shown):
    file = upload()
    file.name = name
    assert store_upload(file, by="", now=NOW).name == shown


def test_a_file_beyond_the_limit_is_refused(settings, media):
    settings.HACHI_UPLOAD_MAX_BYTES = 100
    with pytest.raises(images.BadImage) as caught:
        store_upload(upload(), by="", now=NOW)
    assert caught.value.reason == "too_large"
    assert not files_in(media)


def test_a_row_that_cannot_be_written_takes_its_file_along(media):
    picture = receive_upload(upload(), by="", now=NOW)
    assert files_in(media)
    picture.bytes = 0
    with refused("picture_is_not_empty"), removed_on_error(picture):
        add_picture(picture)
    assert not files_in(media)
    discard_upload(picture)  # once more does no harm


def test_renditions_are_named_after_picture_and_size(media):
    picture = store_upload(upload(), by="", now=NOW)
    [row] = save_renditions(picture, INFO, [rendition()], now=NOW)
    assert row.file.name == f"pictures/renditions/{picture.pk}/32x32.jpg"
    assert (media / row.file.name).read_bytes() == b"made"
    picture.refresh_from_db()
    assert (picture.width, picture.height) == (64, 48)


def test_a_second_run_replaces_and_never_doubles(media):
    picture = store_upload(upload(), by="", now=NOW)
    save_renditions(picture, INFO, [rendition(data=b"first")], now=NOW)
    before = files_in(media)
    save_renditions(picture, INFO, [rendition(data=b"second")], now=NOW)
    assert files_in(media) == before
    assert Path(Rendition.objects.get().file.path).read_bytes() == b"second"


def test_the_file_of_an_earlier_format_is_removed(media, django_capture_on_commit_callbacks):
    picture = store_upload(upload(), by="", now=NOW)
    save_renditions(picture, INFO, [rendition()], now=NOW)
    with django_capture_on_commit_callbacks(execute=True):
        save_renditions(picture, INFO, [rendition(form=images.Format.WEBP)], now=NOW)
    names = [name for name in files_in(media) if "renditions" in name]
    assert names == [f"pictures/renditions/{picture.pk}/32x32.webp"]
    assert Rendition.objects.get().content_type == "image/webp"


def test_other_sizes_stay(media):
    picture = store_upload(upload(), by="", now=NOW)
    save_renditions(picture, INFO, [rendition("32x32")], now=NOW)
    save_renditions(picture, INFO, [rendition("16x16")], now=NOW)
    assert set(Rendition.objects.values_list("size", flat=True)) == {"32x32", "16x16"}


def test_a_picture_that_was_deleted_meanwhile_gets_no_renditions():
    picture = store_upload(upload(), by="", now=NOW)
    Picture.objects.all().delete()
    with pytest.raises(WorkError, match="deleted while"):
        save_renditions(picture, INFO, [rendition()], now=NOW)
    assert not Rendition.objects.exists()

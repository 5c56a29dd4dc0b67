"""Pictures that were uploaded, without a job that resizes them."""

from datetime import datetime

from django.core.files.base import File

from jobs.models import Picture
from jobs.operations.pictures import add_picture, receive_upload


def store_upload(file: "File[bytes]", *, by: str, now: datetime) -> Picture:
    picture = receive_upload(file, by=by, now=now)
    add_picture(picture)
    return picture

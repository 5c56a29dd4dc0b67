"""Reading request bodies: size first, then format."""

import json
from typing import Any, NoReturn

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest

from jobs.api.errors import TOO_LARGE, ApiError

#: What stands around a file in a multipart body, and around arguments in JSON.
MARGIN_BYTES = 64 * 1024


def read_json(request: HttpRequest, *, most: int | None = None) -> dict[str, Any]:
    """The body as a JSON object of at most `most` bytes (a message, if not given).

    Raises ApiError.
    """
    _require_type(request, "application/json")
    _require_length(request, most or settings.HACHI_MAX_MESSAGE_BYTES + MARGIN_BYTES)
    try:
        data = json.loads(request.body, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise ApiError(400, "malformed", f"The body is not JSON: {error}.") from None
    if not isinstance(data, dict):
        raise ApiError(400, "malformed", 'The body must be a JSON object, as in {"url": "..."}.')
    return data


def read_form(
    request: HttpRequest, *, fields: frozenset[str]
) -> "tuple[UploadedFile[bytes], dict[str, str]]":
    """The one file of a multipart body, and its other fields. Raises ApiError."""
    _require_type(request, "multipart/form-data")
    _require_length(request, settings.HACHI_UPLOAD_MAX_BYTES + MARGIN_BYTES)
    for name in (*request.POST, *request.FILES):
        if name not in fields | {"file"}:
            raise ApiError(400, "unknown_key", f"The field {name[:50]!r} is not known.", name[:50])
    files = request.FILES.getlist("file")
    if len(files) != 1:
        raise ApiError(
            400,
            "missing_file",
            f'Send one file, in the field "file": there are {len(files)}.',
            "file",
        )
    return files[0], {name: str(request.POST[name]) for name in request.POST}


def _require_type(request: HttpRequest, wanted: str) -> None:
    if request.content_type != wanted:
        raise ApiError(
            415,
            "unsupported_media_type",
            f"The Content-Type must be {wanted}, not {request.content_type or 'nothing'}.",
        )


def _require_length(request: HttpRequest, most: int) -> None:
    """Judge by what the header says, before anything is read."""
    length = request.META.get("CONTENT_LENGTH") or "0"
    if length.isdecimal() and int(length) > most:
        raise ApiError(413, "too_large", f"{TOO_LARGE} {most:,} bytes are the most.")


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number in JSON")

"""Stored files, for people who have signed in."""

from django.core.files.storage import default_storage
from django.http import FileResponse, Http404, HttpRequest
from django.views.decorators.http import require_safe

from jobs.queries.pictures import media_file
from jobs.web.access import signed_in

#: Whatever a file claims to be, a browser that opens it runs nothing and asks nobody.
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "private, max-age=300",
}


@signed_in
@require_safe
def show(request: HttpRequest, name: str) -> FileResponse:
    """A file that a picture or a rendition has: no other name is ever opened."""
    known = media_file(name.replace("\x00", ""))
    if known is None:
        raise Http404("There is no such file.")
    try:
        file = default_storage.open(known.name)
    except OSError as error:
        raise Http404("This file is gone.") from error
    image = known.content_type.startswith("image/") and "svg" not in known.content_type
    return FileResponse(
        file,
        content_type=known.content_type if image else "application/octet-stream",
        as_attachment=not image,
        headers=HEADERS,
    )

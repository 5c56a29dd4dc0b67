"""Templates: keep an upload under its digest."""

from datetime import datetime

from django.core.files.base import ContentFile, File
from django.core.files.storage import default_storage

from jobs.errors import SubmitError
from jobs.models import PipelineTemplate
from jobs.operations.pictures import shown_name
from jobs.work.images import BadImage
from jobs.work.pipeline import BadRecipe, Recipe
from jobs.work.pipeline.recipe import TEMPLATE_LIMITS

TEMPLATES = "pipelines/templates"


class TemplateGone(SubmitError):
    """The template was deleted just now, as no pipeline used it. Upload it again."""


def store_template(file: "File[bytes]", *, by: str, now: datetime) -> PipelineTemplate:
    """Keep a template, or find the one of the same bytes, which is as good as new by it.

    Raises BadRecipe.
    """
    try:
        TEMPLATE_LIMITS.check_bytes(file.size or 0)  # before all of it is read
    except BadImage as error:
        raise BadRecipe("template", f"The template cannot be used. {error}") from None
    file.seek(0)
    data = file.read()
    recipe = Recipe(template=data)  # reads its header, and refuses what cannot be one
    info = recipe.template_info
    # First of all: from here on the cleanup leaves it alone, or it is gone with its file.
    PipelineTemplate.objects.filter(pk=recipe.digest).update(created_at=now)
    name = f"{TEMPLATES}/{recipe.digest}.{info.format.extension}"
    if not default_storage.exists(name):
        name = default_storage.save(name, ContentFile(data))
    template, _ = PipelineTemplate.objects.get_or_create(
        digest=recipe.digest,
        defaults={
            "name": shown_name(file.name or ""),
            "file": name,
            "content_type": info.format.content_type,
            "bytes": len(data),
            "width": info.width,
            "height": info.height,
            "uploaded_by": by[:150],
            "created_at": now,
        },
    )
    return template


def hold_template(digest: str) -> None:
    """Keep the cleanup from it until the transaction, in which a pipeline begins to use it, ends.

    Raises TemplateGone.
    """
    rows = PipelineTemplate.objects.select_for_update(no_key=True)
    if not rows.filter(pk=digest).exists():
        raise TemplateGone


def bytes_to_start_with(template: PipelineTemplate) -> bytes:
    """The file, for somebody who starts a pipeline. Raises BadRecipe if it is gone."""
    try:
        return template_bytes(template)
    except FileNotFoundError:
        raise BadRecipe("template", "The template's file is gone. Upload it again.") from None


def template_bytes(template: PipelineTemplate) -> bytes:
    """The file. Raises OSError."""
    with default_storage.open(template.file, "rb") as file:
        data: bytes = file.read()
    return data

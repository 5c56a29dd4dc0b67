"""What the tests of pipelines share: a template, pipelines of made-up addresses, runs of chunks."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from jobs.operations.pipelines.start import NewPipeline
from jobs.operations.pipelines.templates import store_template, template_bytes
from jobs.tasks import pipeline_chunks
from jobs.tasks import pipelines as tasks
from jobs.work.pipeline import Recipe
from tests.integration.pipeline_runs import FakeChunk, png


@pytest.fixture
def pipeline_folder(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.STORAGES = settings.STORAGES | {
        "results": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": tmp_path / "results"},
        }
    }
    return tmp_path


@pytest.fixture
def template(db, pipeline_folder):
    file = SimpleUploadedFile("corner.png", png(), "image/png")
    return store_template(file, by="ann", now=timezone.now())


@pytest.fixture
def start(template):
    """Starts a pipeline of so many addresses."""

    def make(number=5, *, urls=None, name="photos", **recipe):
        urls = urls or [f"https://example.com/{n}.jpg" for n in range(1, number + 1)]
        wanted = NewPipeline(
            name=name,
            urls=urls,
            recipe=Recipe(template=template_bytes(template), **recipe),
            template=template,
            destination="local",
        )
        return tasks.start_pipeline(wanted, by="ann")

    return make


@pytest.fixture
def chunk_runs(monkeypatch):
    """What happens to items in place of a download; set `ends`."""
    fake = FakeChunk()
    monkeypatch.setattr(pipeline_chunks, "run_chunk", fake)
    return fake

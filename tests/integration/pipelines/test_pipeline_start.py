"""Two pipelines that start at the same moment, in transactions of their own."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection, transaction

from jobs.models import Pipeline, PipelineItem
from jobs.operations.pipelines.folders import FolderTaken
from jobs.operations.pipelines.start import NewPipeline
from jobs.operations.pipelines.templates import template_bytes
from jobs.tasks import pipelines as tasks
from jobs.work.pipeline import Recipe

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def at_once(template):
    """Starts the same pipeline twice at once; what each call returned or raised."""

    def run(**more):
        wanted = NewPipeline(
            name="photos",
            urls=["https://example.com/1.jpg"],
            recipe=Recipe(template=template_bytes(template)),
            template=template,
            destination="local",
            **more,
        )
        together = Barrier(2, timeout=30)

        def start(_):
            together.wait()
            try:
                with transaction.atomic():
                    return tasks.start_pipeline(wanted, by="ann").pk
            except FolderTaken:
                return None
            finally:
                connection.close()

        with ThreadPoolExecutor(2) as both:
            return list(both.map(start, range(2)))

    return run


def test_of_two_with_one_folder_one_is_refused(at_once):
    found = at_once(folder="sale")
    assert found.count(None) == 1
    assert Pipeline.objects.count() == PipelineItem.objects.count() == 1


def test_of_two_with_one_key_both_are_the_first(at_once):
    first, second = at_once(folder="sale", idempotency_key="ci/1")
    assert first == second == Pipeline.objects.get().pk
    assert PipelineItem.objects.count() == 1

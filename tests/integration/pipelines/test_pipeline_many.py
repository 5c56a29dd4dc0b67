"""A hundred thousand addresses: counted in statements, which tell the same on every machine."""

import pytest
from django.db import connection
from django.utils import timezone

from jobs.models import PipelineItem
from jobs.operations.pipelines.start import NewPipeline
from jobs.operations.pipelines.templates import template_bytes
from jobs.queries.pipelines import causes_of, csv_lines, list_items, list_pipelines, progress_of
from jobs.tasks import pipelines as tasks
from jobs.work.pipeline import Recipe

pytestmark = pytest.mark.django_db
ITEMS = 100_000


def statements(act):
    """How many statements `act` takes, and what it returns."""
    number = 0

    def count(execute, *arguments):
        nonlocal number
        number += 1
        return execute(*arguments)

    with connection.execute_wrapper(count):
        found = act()
    return number, found


@pytest.fixture
def started(template):
    """The pipeline, and how many statements its start took."""
    wanted = NewPipeline(
        name="many",
        urls=[f"https://host-{n % 7}.example.com/{n}.jpg" for n in range(ITEMS)],
        recipe=Recipe(template=template_bytes(template)),
        template=template,
        destination="local",
        folder="many",
    )
    number, pipeline = statements(lambda: tasks.start_pipeline(wanted, by="ann"))
    return pipeline, number


def test_a_hundred_thousand_are_started_counted_listed_and_written_as_a_table(started):
    pipeline, at_start = started
    # Rows go in by the thousand and jobs in slices: not one statement for each.
    assert at_start < ITEMS / 1_000 + 50
    assert PipelineItem.objects.filter(pipeline=pipeline).count() == ITEMS

    number, progress = statements(lambda: progress_of(pipeline, timezone.now()))
    assert (progress.waiting, progress.total) == (ITEMS, ITEMS)
    assert number <= 3
    number, _ = statements(lambda: causes_of(pipeline))
    assert number == 1
    number, page = statements(list_pipelines)
    assert (len(page.lines), page.lines[0].ended) == (1, 0)
    assert number == 2
    number, items = statements(lambda: list_items(pipeline, after=ITEMS - 5, size=100))
    assert ([item.number for item in items], number) == ([*range(ITEMS - 4, ITEMS + 1)], 1)
    # The header, and a slice of two thousand rows at a time.
    number, lines = statements(lambda: sum(1 for _ in csv_lines(pipeline)))
    assert lines == ITEMS + 1
    assert number <= ITEMS / 2_000 + 1

    number, cancelled = statements(lambda: tasks.cancel_pipeline(pipeline.pk, by="ann"))
    assert cancelled
    assert number < ITEMS / 5_000 * 3
    pipeline.refresh_from_db()
    assert (pipeline.cancelled, pipeline.finished_at is not None) == (ITEMS, True)

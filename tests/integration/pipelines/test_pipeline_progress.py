"""What is told of a pipeline: its stages, the causes of failures, the CSV."""

import pytest
from django.utils import timezone

from jobs.models import PipelineItem
from jobs.queries.pipelines import causes_of, csv_rows, list_pipelines, progress_of
from jobs.work.pipeline import Failure, Stage
from tests.integration.pipeline_runs import done, failed, fresh, run_chunks

pytestmark = pytest.mark.django_db


def test_progress_tells_what_each_stage_has_behind_it(start, chunk_runs):
    ends = {
        1: lambda item: failed(item),
        2: lambda item: failed(item, Failure.BROKEN_IMAGE, Stage.COMPOSE),
        3: lambda item: failed(item, Failure.REJECTED, Stage.UPLOAD),
        4: lambda item: failed(item, Failure.BUSY, worth_retrying=True),
    }
    chunk_runs.ends = lambda item: ends.get(item.number, done)(item)
    pipeline = start(10)
    run_chunks(pipeline)
    found = progress_of(fresh(pipeline), timezone.now())
    assert (found.done, found.failed, found.waiting, found.again) == (6, 3, 1, 1)
    assert [(s.stage, s.passed, s.failed) for s in found.stages] == [
        ("download", 8, 1),
        ("compose", 7, 1),
        ("upload", 6, 1),
    ]
    assert found.per_second > 0
    assert found.seconds_left > 0
    causes = causes_of(pipeline)
    assert {(c.reason, c.number) for c in causes} == {
        ("not_found", 1),
        ("broken_image", 1),
        ("rejected", 1),
    }
    assert causes[0].examples
    [line] = list_pipelines().lines
    assert (line.done, line.failed, line.ended) == (6, 3, 9)


def test_the_csv_has_every_address_and_no_formula(start, chunk_runs):
    chunk_runs.ends = lambda item: failed(item) if item.number == 2 else done(item)
    pipeline = start(3)
    run_chunks(pipeline)
    PipelineItem.objects.filter(number=2).update(detail="=1+1")
    rows = list(csv_rows(pipeline))
    assert [row[2] for row in rows] == ["done", "failed", "done"]
    assert rows[1][5] == "'=1+1"
    assert rows[0][6] == pipeline.items.get(number=1).name

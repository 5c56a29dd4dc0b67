import pytest
from django.utils import timezone

from jobs.models import Job
from jobs.queries.pipelines import progress_of
from jobs.states import State
from jobs.tasks.chunk_ledger import in_words
from jobs.work.pipeline import Flow
from tests.integration.pipeline_runs import fresh, run_chunks

pytestmark = pytest.mark.django_db


def says(job, flow):
    Job.objects.filter(pk=job.pk).update(
        state=State.RUNNING,
        worker="w",
        attempt=1,
        started_at=timezone.now(),
        progress_message=in_words(flow),
    )


def at(pipeline):
    return [stage.now for stage in progress_of(fresh(pipeline), timezone.now()).stages]


def test_what_all_running_chunks_have_at_each_stage_is_added_up(web, start, settings):
    settings.HACHI_PIPELINE_CHUNK = 25
    pipeline = fresh(start(60))
    first, second, _ = Job.objects.filter(batch_id=pipeline.batch).order_by("id")
    assert at(pipeline) == [0, 0, 0]
    says(first, Flow(waiting=5, downloading=16, downloaded=2, composing=1, uploading=1, done=3))
    says(second, Flow(downloading=4, composed=2, uploading=8))
    assert at(pipeline) == [20, 3, 11]
    page = web.get(f"/pipelines/{pipeline.pk}/").text
    assert [f"{number} here now" in page for number in (20, 3, 11)] == [True] * 3


def test_nothing_is_at_work_when_it_has_ended(start, chunk_runs):
    pipeline = fresh(start(2))
    says(Job.objects.get(), Flow(downloading=2))
    run_chunks(pipeline)
    assert at(pipeline) == [0, 0, 0]

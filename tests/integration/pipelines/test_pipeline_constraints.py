import pytest
from django.utils import timezone

from jobs.models import Pipeline, PipelineItem
from tests.integration.refusals import refused

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("pipeline_item_stage_known", {"stage": "frying"}),
        ("pipeline_item_finished_at_iff_final", {"state": "cancelled"}),
        ("pipeline_item_finished_at_iff_final", {"finished_at": timezone.now()}),
        ("pipeline_item_failed_says_why", {"state": "failed", "finished_at": timezone.now()}),
        ("pipeline_item_done_is_uploaded", {"state": "done", "finished_at": timezone.now()}),
        (
            "pipeline_item_done_is_uploaded",
            {"state": "done", "stage": "upload", "reason": "busy", "finished_at": timezone.now()},
        ),
        ("pipeline_item_running_is_claimed", {"state": "running"}),
    ],
)
def test_the_table_of_items_refuses(start, name, change):
    start(1)
    with refused(name):
        PipelineItem.objects.update(**change)


def test_an_item_in_a_state_that_nobody_knows_is_refused(start):
    start(1)
    # It is neither final nor unfinished, so that it breaks both; each database names one.
    with refused("pipeline_item_state_known", "pipeline_item_finished_at_iff_final"):
        PipelineItem.objects.update(state="lost")


@pytest.mark.parametrize(
    ("field", "constraint"),
    [("number", "pipeline_item_number"), ("name", "pipeline_item_name")],
)
def test_no_two_items_share_a_number_or_a_name(start, field, constraint):
    start(2)
    value = getattr(PipelineItem.objects.get(number=1), field)
    with refused(constraint):
        PipelineItem.objects.filter(number=2).update(**{field: value})


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("pipeline_is_not_empty", {"total": 0}),
        ("pipeline_counts_add_up_at_the_end", {"finished_at": timezone.now(), "done": 1}),
    ],
)
def test_the_table_of_pipelines_refuses(start, name, change):
    start(2)
    with refused(name):
        Pipeline.objects.update(**change)


def test_an_idempotency_key_is_of_one_pipeline(start):
    start(1, name="one")
    start(1, name="another")
    with refused("pipeline_idempotency_key"):
        Pipeline.objects.update(idempotency_key="k")

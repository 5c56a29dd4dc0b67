import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from jobs.models import Pipeline, PipelineItem

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("pipeline_item_(state_known|finished_at_iff_final)", {"state": "lost"}),
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
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        PipelineItem.objects.update(**change)


@pytest.mark.parametrize("field", ["number", "name"])
def test_no_two_items_share_a_number_or_a_name(start, field):
    start(2)
    value = getattr(PipelineItem.objects.get(number=1), field)
    with pytest.raises(IntegrityError), transaction.atomic():
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
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        Pipeline.objects.update(**change)

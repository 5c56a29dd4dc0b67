from concurrent.futures import ThreadPoolExecutor, wait
from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection, transaction
from django.utils import timezone

from jobs.models import Pipeline, PipelineTemplate
from jobs.operations.pipelines.cleanup import OldPipelines
from jobs.operations.pipelines.old_templates import OldTemplates
from jobs.operations.pipelines.templates import TemplateGone, store_template, template_bytes
from jobs.tasks.pipelines import cancel_pipeline
from tests.integration.pipeline_runs import png

LATER = timedelta(days=31)


def cleaned(now, limit=100):
    return OldTemplates(now - timedelta(days=30)).delete(limit)


@pytest.mark.django_db
def test_a_template_goes_with_its_last_pipeline_and_not_before(start, template):
    now = timezone.now()
    assert cleaned(now) == 0
    pipeline = start(1)
    cancel_pipeline(pipeline.pk, by="ann")
    assert cleaned(now + LATER) == 0
    sweep = OldPipelines(now + LATER)
    while sweep.delete(100):
        pass
    assert not Pipeline.objects.exists()
    assert cleaned(now + LATER) == 1
    assert not PipelineTemplate.objects.exists()
    assert not default_storage.exists(template.file)


@pytest.mark.django_db
def test_no_more_than_asked_for_go_at_a_time_the_oldest_first(template):
    now = timezone.now()
    for at, colour in enumerate(("red", "green")):
        file = ContentFile(png(colour=colour), f"{colour}.png")
        store_template(file, by="", now=now + timedelta(hours=at + 1))
    assert [cleaned(now + LATER, limit=2), cleaned(now + LATER, limit=2)] == [2, 1]


@pytest.mark.django_db
def test_an_upload_of_the_same_file_keeps_it_and_mends_it(template):
    later = timezone.now() + LATER
    default_storage.delete(template.file)
    again = store_template(ContentFile(png(), "corner.png"), by="bob", now=later)
    assert again == template
    assert cleaned(later) == 0
    assert template_bytes(again) == png()


@pytest.mark.django_db
def test_a_start_with_a_template_that_went_just_now_is_told_so(start, template):
    cleaned(timezone.now() + LATER)
    store_bytes = ContentFile(png())
    default_storage.save(template.file, store_bytes)  # it was read before it went
    with pytest.raises(TemplateGone, match="Upload it again"):
        start(1)
    assert not Pipeline.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_template_with_which_a_pipeline_starts_just_now_stays(start, template):
    def clean():
        try:
            return cleaned(timezone.now() + LATER)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as aside:
        with transaction.atomic():
            start(1)
            cleaning = aside.submit(clean)
            wait([cleaning], 1)  # with SQLite it has to wait for the end of this transaction
        assert cleaning.result(30) == 0
    assert PipelineTemplate.objects.exists()
    assert default_storage.exists(template.file)

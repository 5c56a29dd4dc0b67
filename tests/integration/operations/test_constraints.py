"""What the database itself refuses, whoever writes."""

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from jobs.models import Attempt, Chord, Job, Picture, Rendition

pytestmark = pytest.mark.django_db


def job(**values):
    now = timezone.now()
    known = {
        "id": "j",
        "task": "t",
        "queue": "celery",
        "state": "queued",
        "message": "{}",
        "run_at": now,
        "created_at": now,
    }
    return Job(**known | values)


def refused(row, constraint):
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        row.save(force_insert=True)


NOW = timezone.now()


@pytest.mark.parametrize(
    ("values", "constraint"),
    [
        ({"state": "lost"}, "job_state_known|job_finished_at_iff_final"),
        ({"state": "scheduled", "waiting_for": "godot"}, "job_waiting_for_known"),
        ({"state": "scheduled", "waiting_for": ""}, "job_waits_iff_scheduled"),
        ({"state": "queued", "waiting_for": "time"}, "job_waits_iff_scheduled"),
        ({"state": "succeeded"}, "job_finished_at_iff_final"),
        ({"state": "queued", "finished_at": NOW}, "job_finished_at_iff_final"),
        (
            {"state": "running", "started_at": NOW, "attempt": 1},
            "job_running_has_worker_and_start",
        ),
        ({"state": "running", "worker": "w", "attempt": 1}, "job_running_has_worker_and_start"),
        (
            {"state": "running", "worker": "w", "started_at": NOW},
            "job_running_has_worker_and_start",
        ),
        (
            {"state": "scheduled", "waiting_for": "time", "worker": "w"},
            "job_scheduled_has_no_worker",
        ),
        ({"state": "failed", "finished_at": NOW}, "job_failed_says_why"),
        ({"priority": 10}, "job_priority_0_to_9"),
        ({"unique_scope": "for ever"}, "job_unique_scope_known"),
        (
            {
                "state": "succeeded",
                "finished_at": NOW,
                "unique_key": "k",
                "unique_scope": "waiting",
            },
            "job_unique_key_ends",
        ),
    ],
)
def test_a_job_that_makes_no_sense_is_refused(values, constraint):
    refused(job(**values), constraint)


def test_a_tick_of_a_schedule_is_one_job():
    job(schedule="nightly", tick=NOW).save()
    job(id="other", schedule="weekly", tick=NOW).save()
    with pytest.raises(IntegrityError), transaction.atomic():
        job(id="again", schedule="nightly", tick=NOW).save(force_insert=True)


def test_attempts_count_from_one_and_have_a_known_outcome():
    job().save()
    refused(Attempt(job_id="j", number=0, outcome="failed", finished_at=NOW), "attempt_counts")
    refused(Attempt(job_id="j", number=1, outcome="odd", finished_at=NOW), "attempt_outcome_known")


def test_a_chord_is_finished_only_when_all_its_jobs_ended():
    chord = Chord(id="c", size=2, ended=1, header="", body="", created_at=NOW, finished_at=NOW)
    refused(chord, "chord_finished_once_all_ended")


def test_a_picture_is_not_empty_and_has_one_rendition_for_a_size():
    refused(Picture(name="p", content_type="image/png", bytes=0, created_at=NOW), "picture_is_not")
    picture = Picture.objects.create(name="p", content_type="image/png", bytes=1, created_at=NOW)
    values = {"size": "1x1", "content_type": "x", "bytes": 1, "width": 1, "height": 1}
    Rendition.objects.create(picture=picture, created_at=NOW, **values)
    with pytest.raises(IntegrityError), transaction.atomic():
        Rendition.objects.create(picture=picture, created_at=NOW, **values)

"""What the database itself refuses, whoever writes."""

import pytest
from django.utils import timezone

from jobs.models import Attempt, Chord, Job, Lane, Pause, Picture, Rendition
from tests.integration.refusals import refused

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


NOW = timezone.now()


@pytest.mark.parametrize(
    ("values", "constraint"),
    [
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
    with refused(constraint):
        job(**values).save(force_insert=True)


def test_a_state_that_nobody_knows_is_refused():
    # It is neither final nor unfinished, so that it breaks both; each database names one.
    with refused("job_state_known", "job_finished_at_iff_final"):
        job(state="lost").save(force_insert=True)


def test_a_tick_of_a_schedule_is_one_job():
    job(schedule="nightly", tick=NOW).save()
    job(id="other", schedule="weekly", tick=NOW).save()
    with refused("job_one_per_tick"):
        job(id="again", schedule="nightly", tick=NOW).save(force_insert=True)


def test_a_unique_key_is_held_by_one_job():
    job(unique_key="k", unique_scope="unfinished").save()
    job(id="without").save()
    job(id="as well").save()
    with refused("job_unique_key"):
        job(id="again", unique_key="k", unique_scope="unfinished").save(force_insert=True)


def test_attempts_count_from_one_and_have_a_known_outcome():
    job().save()
    with refused("attempt_counts_from_1"):
        Attempt.objects.create(job_id="j", number=0, outcome="failed", finished_at=NOW)
    with refused("attempt_outcome_known"):
        Attempt.objects.create(job_id="j", number=1, outcome="odd", finished_at=NOW)


def test_a_chord_is_finished_only_when_all_its_jobs_ended():
    chord = Chord(id="c", size=2, ended=1, header="", body="", created_at=NOW, finished_at=NOW)
    with refused("chord_finished_once_all_ended"):
        chord.save(force_insert=True)


@pytest.mark.parametrize(
    ("values", "constraint"),
    [
        ({"width": 0}, "lane_lets_one_through"),
        ({"rate_count": 1}, "lane_rate_is_whole"),
        ({"rate_seconds": 1.0}, "lane_rate_is_whole"),
        ({"rate_count": 0, "rate_seconds": 1.0}, "lane_rate_is_whole"),
        ({"rate_count": 1, "rate_seconds": 0.0}, "lane_rate_is_whole"),
    ],
)
def test_a_lane_that_would_let_nobody_through_or_has_half_a_rate_is_refused(values, constraint):
    with refused(constraint):
        Lane.objects.create(key="k", created_at=NOW, **values)


def test_a_pause_is_about_something_known_and_there_is_one_of_it():
    values = {"value": "v", "paused_by": "ann", "created_at": NOW}
    Pause.objects.create(kind="queue", **values)
    Pause.objects.create(kind="task", **values)
    with refused("pause_once"):
        Pause.objects.create(kind="queue", **values)
    with refused("pause_kind_known"):
        Pause.objects.create(kind="odd", **values)


def test_a_picture_is_not_empty_and_has_one_rendition_for_a_size():
    with refused("picture_is_not_empty"):
        Picture.objects.create(name="p", content_type="image/png", bytes=0, created_at=NOW)
    picture = Picture.objects.create(name="p", content_type="image/png", bytes=1, created_at=NOW)
    values = {"size": "1x1", "content_type": "x", "bytes": 1, "width": 1, "height": 1}
    Rendition.objects.create(picture=picture, created_at=NOW, **values)
    with refused("rendition_one_per_size"):
        Rendition.objects.create(picture=picture, created_at=NOW, **values)

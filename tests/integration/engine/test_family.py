"""Who hangs on a job that ended without a process that could tell them."""

from datetime import timedelta

import pytest
from celery import chain, chord, current_app, shared_task
from celery.app.task import Context
from django.db import transaction
from django.utils import timezone

from jobs.engine.actions.job_actions import cancel_jobs
from jobs.engine.ends import family
from jobs.engine.worker.dispatcher import Dispatcher
from jobs.models import Job, Node, Token
from jobs.operations import handover
from jobs.operations.cancel import cancel
from jobs.operations.claim import claim
from jobs.operations.finish import Start, start

pytestmark = pytest.mark.django_db


@shared_task(name="test.family.step")
def step(*_):
    return 1


@shared_task(name="test.family.tell")
def tell(uuid):
    return uuid


@shared_task(name="test.family.spoil")
def spoil(request, exc, traceback):
    """An errback of the kind that Celery calls at once, and whose second query fails."""
    now = timezone.now()
    Token.objects.create(name="once", digest="1", created_at=now)
    Token.objects.create(name="once", digest="1", created_at=now)


def begun(id):
    now = timezone.now()
    claim([id], worker="w", now=now)
    start([Start(id, 1, now)], worker="w")
    return now


def chord_with_a_chain():
    """Submits one; the row of the chain's head, that of the other step, and the body's id."""
    body = chord([chain(step.s(), step.s()), step.s()])(step.s())
    head, other = sorted(Job.objects.all(), key=lambda job: '\\"chain\\": [{' not in job.message)
    return head, other, body.id


def test_a_chord_ends_although_the_head_of_a_chain_in_it_was_cancelled_before_it_ran():
    head, other, body = chord_with_a_chain()
    assert cancel_jobs([head.id], by="ann") == 1
    rest = Job.objects.exclude(id__in=(head.id, other.id)).get()
    assert (rest.state, rest.error_type) == ("failed", "RuntimeError")
    assert cancel_jobs([other.id], by="ann") == 1
    assert Job.objects.get(id=body).state == "failed"


def test_a_chord_ends_although_the_head_of_a_chain_in_it_has_killed_its_worker(settings):
    settings.HACHI_MAX_CRASHES = 1
    head, other, body = chord_with_a_chain()
    now = begun(head.id)
    long_ago = now - timedelta(hours=1)
    Node.objects.create(
        id="w", kind="worker", name="w", pid=1, started_at=long_ago, seen_at=long_ago
    )
    Dispatcher(current_app, "me", started_at=long_ago).run_once(now)
    assert Job.objects.get(id=head.id).state == "failed"
    cancel_jobs([other.id], by="ann")
    assert Job.objects.get(id=body).state == "failed"


def test_an_expired_head_of_a_chain_takes_its_steps_along():
    now = timezone.now()
    chain(step.s().set(expires=now), step.s()).apply_async(expires=now)
    head = Job.objects.get()
    Job.objects.filter(id=head.id).update(expires_at=now)
    Dispatcher(current_app, "me", started_at=now).run_once(timezone.now())
    assert sorted(Job.objects.values_list("state", flat=True)) == ["cancelled", "failed"]


def test_an_errback_that_is_called_at_once_is_called_after_the_commit(
    django_capture_on_commit_callbacks,
):
    """Its queries may fail and its time be long: the end of the job is written before."""
    job = step.delay()
    request = Context(id=job.id, errbacks=[spoil.s(), tell.s()], delivery_info={})
    with django_capture_on_commit_callbacks() as after, transaction.atomic():
        Job.objects.filter(id=job.id).update(requested_by="the end")
        family.tell(current_app, job.id, ValueError("boom"), request)
        assert not Token.objects.exists()
    assert Job.objects.get(id=job.id).requested_by == "the end"
    assert Job.objects.filter(task="test.family.tell").count() == 1
    with transaction.atomic():
        [call_errback] = [call for call in after if getattr(call, "args", ())]
        call_errback()
    assert Job.objects.get(id=job.id).requested_by == "the end"


def test_a_job_that_is_to_be_cancelled_replaces_itself_by_nothing():
    id = step.delay().id
    begun(id)
    cancel([id], reason="Cancelled by ann.", now=timezone.now())
    assert not handover.hand_on(id, worker="w", attempt=1)
    assert Job.objects.get(id=id).state == "running"

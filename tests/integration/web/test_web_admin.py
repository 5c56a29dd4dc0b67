import pytest
from django.contrib.auth.models import Permission, User
from django.utils import timezone

from jobs.models import Job, Token
from tests.integration.web.web_rows import (
    STATES,
    make_attempt,
    make_job,
    make_line,
    make_page,
    make_worker,
)

pytestmark = pytest.mark.django_db

LISTS = ["job", "lane", "token", "picture", "page", "node"]


@pytest.mark.parametrize("name", LISTS)
def test_every_list_opens_and_adds_nothing(boss, name):
    for state in STATES:
        make_job(state)
    make_page("https://example.com/")
    make_worker()

    assert boss.get(f"/admin/jobs/{name}/").status_code == 200
    assert boss.get(f"/admin/jobs/{name}/add/").status_code == 403


def test_a_job_is_shown_but_not_changed(boss):
    job = make_job("failed")
    make_attempt(job)
    make_line(job)

    assert boss.get(f"/admin/jobs/job/{job.id}/change/").status_code == 200
    assert boss.post(f"/admin/jobs/job/{job.id}/change/", {"task": "x"}).status_code == 403
    assert boss.post(f"/admin/jobs/job/{job.id}/delete/", {"post": "yes"}).status_code == 403


def test_jobs_are_searched_and_filtered(boss):
    make_job("failed", task="shop.pay")

    page = boss.get("/admin/jobs/job/?q=pay&state=failed&task=shop.pay&queue=celery")

    assert "shop.pay" in page.text
    assert "1 job" in page.text


def test_jobs_are_retried_and_cancelled_by_actions(boss):
    failed, queued = make_job("failed"), make_job("queued")

    for action, job, state in (("retry", failed, "queued"), ("cancel", queued, "cancelled")):
        answer = boss.post(
            "/admin/jobs/job/", {"action": action, "_selected_action": [job.id]}, follow=True
        )
        assert "1 job of 1" in answer.text
        assert Job.objects.get(id=job.id).state == state


def test_who_may_only_look_has_no_actions(client, db):
    viewer = User.objects.create_user("eve", password="x", is_staff=True)
    viewer.user_permissions.add(Permission.objects.get(codename="view_job"))
    client.force_login(viewer)
    job = make_job("queued")

    client.post("/admin/jobs/job/", {"action": "cancel", "_selected_action": [job.id]})

    assert client.get("/admin/jobs/job/").status_code == 200
    assert Job.objects.get().state == "queued"


def test_a_token_is_revoked_and_its_digest_never_shown(boss):
    token = Token.objects.create(name="ci", digest="d1ge57" * 10, created_at=timezone.now())

    boss.post("/admin/jobs/token/", {"action": "revoke", "_selected_action": [token.pk]})

    token.refresh_from_db()
    assert token.revoked_at is not None
    for address in ("/admin/jobs/token/", f"/admin/jobs/token/{token.pk}/change/"):
        assert "d1ge57" not in boss.get(address).text


def test_the_list_of_jobs_counts_no_further_than_it_must(boss, monkeypatch):
    monkeypatch.setattr("jobs.admin._MOST_COUNTED", 3)
    for _ in range(5):
        make_job("succeeded")

    assert boss.get("/admin/jobs/job/").context["cl"].result_count == 3

from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from jobs.models import Job
from tests.integration.web.web_rows import make_job

pytestmark = pytest.mark.django_db

PAGES = [
    "/",
    "/live",
    "/jobs/",
    "/jobs/live",
    "/jobs/some-id/",
    "/jobs/some-id/live",
    "/pictures/",
    "/pictures/live",
    f"/pictures/{uuid4()}/",
    f"/pictures/{uuid4()}/live",
    "/pages/",
    "/schedules/",
    "/schedules/1/",
    "/media/pictures/originals/x.jpg",
]


@pytest.mark.parametrize("address", PAGES)
def test_every_page_sends_strangers_to_the_login(client, address):
    answer = client.get(address)

    assert answer.status_code == 302
    assert answer["Location"].startswith(reverse("login"))


def test_a_fragment_sends_its_whole_page_to_the_login(client):
    answer = client.get("/live", headers={"HX-Request": "true"})

    assert answer["HX-Redirect"] == reverse("login")


@pytest.mark.parametrize("verb", ["retry", "cancel"])
def test_a_stranger_changes_nothing(client, verb):
    job = make_job("queued")

    client.post(f"/jobs/{job.id}/{verb}")

    assert Job.objects.get().state == "queued"


def test_a_change_needs_the_csrf_token(ann):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(ann)
    job = make_job("queued")

    answer = strict.post(f"/jobs/{job.id}/cancel")

    assert answer.status_code == 403
    assert b"send that again" in answer.content
    assert Job.objects.get().state == "queued"


def test_the_csrf_header_of_htmx_is_enough(ann):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(ann)
    job = make_job("queued")
    strict.get("/jobs/")
    token = strict.cookies["csrftoken"].value

    strict.post(f"/jobs/{job.id}/cancel", headers={"X-CSRFToken": token, "HX-Request": "true"})

    assert Job.objects.get().state == "cancelled"


@pytest.mark.parametrize("verb", ["retry", "cancel"])
def test_a_change_is_never_a_get(web, verb):
    job = make_job("queued")

    assert web.get(f"/jobs/{job.id}/{verb}").status_code == 405


def test_people_sign_in_and_out(client, ann):
    page = client.get("/login/")
    assert b"Sign in" in page.content

    answer = client.post("/login/", {"username": "ann", "password": "a-long-password"})
    assert answer["Location"] == "/"

    assert client.post("/logout/")["Location"] == "/login/"
    assert client.get("/").status_code == 302


def test_a_wrong_password_is_told(client, ann):
    answer = client.post("/login/", {"username": "ann", "password": "no"})

    assert b"Please enter a correct username and password" in answer.content


def test_what_is_not_there_is_404(web):
    for address in ("/nothing", "/jobs/none/", f"/pictures/{uuid4()}/", "/media/x.jpg"):
        answer = web.get(address)
        assert answer.status_code == 404
        assert b"Nothing is here" in answer.content


def test_a_nul_in_an_address_is_404_too(web):
    assert web.get("/jobs/%00/").status_code == 404
    assert web.get("/media/%00").status_code == 404

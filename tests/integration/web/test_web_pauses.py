import re
from datetime import timedelta

import pytest
from django.utils import timezone

from jobs.models import Job, Pause
from tests.integration.web.web_rows import make_job, make_pause

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("address", ["/", "/jobs/", "/pictures/", "/pages/", "/jobs/j/"])
def test_every_page_says_what_is_paused_and_offers_to_resume_it(web, address):
    make_job("succeeded", id="j")
    make_pause(reason="the <b>shop</b> is closed")

    page = web.get(address).text

    assert "ann paused queue celery 3 min ago: &quot;the &lt;b&gt;shop" in page
    assert 'value="queue:celery"' in page
    assert 'action="/pauses/resume"' in page


def test_a_page_without_a_pause_has_no_banner(web):
    make_pause(until=timezone.now() - timedelta(seconds=1))

    assert "paused queue" not in web.get("/").text


def test_a_queue_is_paused_from_the_list_and_resumed_from_the_banner(web):
    job = make_job("queued")
    form = {"target": "queue:celery", "reason": "the shop is closed", "next": "/jobs/?queue=celery"}

    page = web.post("/pauses/", form, follow=True)

    assert page.redirect_chain == [("/jobs/?queue=celery", 302)]
    assert "The queue celery is paused." in page.text
    assert '<span class="note held">paused</span>' in page.text
    row = Pause.objects.get()
    assert (row.kind, row.value, row.paused_by) == ("queue", "celery", "ann")
    assert (row.reason, row.until) == ("the shop is closed", None)

    page = web.post("/pauses/resume", {"target": "queue:celery", "next": "/"}, follow=True)

    assert "The queue celery is resumed. 1 job goes on." in page.text
    assert not Pause.objects.exists()
    assert Job.objects.get(id=job.id).state == "queued"


def test_a_pause_may_end_by_itself(web, settings):
    settings.TIME_ZONE = "UTC"
    until = (timezone.now() + timedelta(hours=2)).replace(second=0, microsecond=0)

    web.post("/pauses/", {"target": "task:a.b:c", "until": f"{until:%Y-%m-%dT%H:%M}"})

    row = Pause.objects.get()
    assert (row.kind, row.value, row.until) == ("task", "a.b:c", until)


@pytest.mark.parametrize(
    ("form", "sentence"),
    [
        ({"target": "world:all"}, "Choose a queue, a task or a lane."),
        ({"target": "queue:"}, "Choose a queue, a task or a lane."),
        ({"target": "queue:celery", "until": "2001-01-01T00:00"}, "this moment is past"),
        ({"target": "queue:celery\x00"}, "Null characters are not allowed."),
    ],
)
def test_what_makes_no_sense_is_said_and_pauses_nothing(web, form, sentence):
    assert sentence in web.post("/pauses/", form, follow=True).text
    assert not Pause.objects.exists()


@pytest.mark.parametrize("address", ["/pauses/", "/pauses/resume"])
def test_pauses_are_for_people_who_have_signed_in_and_for_post(web, client, address):
    assert web.get(address).status_code == 405
    client.logout()
    answer = client.post(address, {"target": "queue:celery"})
    assert answer.status_code == 302
    assert answer["Location"].startswith("/login/")
    assert not Pause.objects.exists()


def test_nobody_is_led_to_another_site(web):
    form = {"target": "queue:celery", "next": "https://evil.example/"}

    assert web.post("/pauses/", form)["Location"] == "/jobs/"


def test_the_forms_offer_what_is_there(web):
    make_job("queued", id="j", queue="video", lane="order-17")
    make_job("queued")

    assert web.get("/jobs/j/").context["targets"] == [
        ("queue", "video"),
        ("task", "jobs.resize_image"),
        ("lane", "order-17"),
    ]
    assert web.get("/jobs/?queue=video").context["targets"] == [("queue", "video")]
    assert "Pause this queue" in web.get("/jobs/?queue=video").text
    assert web.get("/jobs/").context["targets"] == [
        ("queue", "celery"),
        ("queue", "video"),
        ("task", "jobs.resize_image"),
    ]


def test_pauses_cost_a_page_one_query(web, django_assert_max_num_queries):
    for number in range(30):
        make_job("queued", queue=f"q{number}")
        make_pause("queue", f"q{number}")

    with django_assert_max_num_queries(10) as asked:
        web.get("/jobs/")

    assert len([q for q in asked if 'FROM "jobs_pause"' in q["sql"]]) == 1


def test_no_two_fields_of_a_page_have_one_id(web):
    make_job("queued")

    ids = re.findall(r'\bid="([^"]+)"', web.get("/jobs/").text)

    assert len(ids) == len(set(ids))

"""The limits of a lane on the pages, in the admin and on the command line."""

from io import StringIO

import pytest
from django.contrib.auth.models import Permission, User
from django.core.management import CommandError, call_command

from jobs.models import Lane
from tests.integration.web.web_rows import make_job, make_lane

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _lane():
    make_lane("host", width=2, rate_count=10, rate_seconds=60)
    make_job("scheduled", id="j", lane="host", waiting_for="lane")


def limits():
    lane = Lane.objects.get()
    return lane.width, lane.rate_count, lane.rate_seconds, lane.changed_by


@pytest.mark.parametrize("address", ["/jobs/?lane=host", "/jobs/j/"])
def test_a_lane_is_seen_and_changed_where_its_jobs_are(web, address):
    page = web.get(address).text
    assert "Lane host lets 2 jobs be on their way at a time, and 10/m start." in page
    assert "0 on the way, 1 waiting." in page

    page = web.post(
        "/lanes/", {"lane": "host", "width": "4", "rate": "", "next": address}, follow=True
    )

    assert page.redirect_chain == [(address, 302)]
    assert "Lane host is changed" in page.text
    assert "Changed by ann" in page.text
    assert limits() == (4, 10, 60, "ann")


def test_a_rate_is_changed_and_taken_away(web):
    web.post("/lanes/", {"lane": "host", "rate": "5/s"})
    assert limits() == (2, 5, 1, "ann")
    web.post("/lanes/", {"lane": "host", "rate": "none"})
    assert limits() == (2, None, None, "ann")


@pytest.mark.parametrize(
    ("form", "sentence"),
    [
        ({"lane": "host", "width": "0"}, "greater than or equal to 1"),
        ({"lane": "host", "rate": "fast"}, "A rate looks like 10/s, 100/m or 5/h"),
        ({"lane": "another", "width": "3"}, "There is no lane &#x27;another&#x27;"),
    ],
)
def test_what_makes_no_sense_is_said_and_changes_nothing(web, form, sentence):
    assert sentence in web.post("/lanes/", form, follow=True).text
    assert limits() == (2, 10, 60, "")


def test_lanes_are_for_people_who_have_signed_in_and_for_post(web, client):
    assert web.get("/lanes/").status_code == 405
    client.logout()
    assert client.post("/lanes/", {"lane": "host", "width": "9"})["Location"].startswith("/login/")
    assert limits() == (2, 10, 60, "")


def test_a_page_of_jobs_without_a_lane_offers_no_change(web):
    make_job("queued", id="k")
    assert "Change this lane" not in web.get("/jobs/k/").text
    assert "Change this lane" not in web.get("/jobs/").text


def test_the_admin_changes_a_lane_and_makes_and_deletes_none(boss):
    form = {"width": "7", "rate_count": "2", "rate_seconds": "1"}
    assert boss.post("/admin/jobs/lane/host/change/", form).status_code == 302
    assert limits()[:3] == (7, 2, 1)
    assert limits()[3]
    form = {"width": "0", "rate_count": "2", "rate_seconds": ""}
    assert boss.post("/admin/jobs/lane/host/change/", form).status_code == 200
    assert limits()[:3] == (7, 2, 1)
    assert boss.get("/admin/jobs/lane/").status_code == 200
    assert boss.get("/admin/jobs/lane/add/").status_code == 403
    assert boss.post("/admin/jobs/lane/host/delete/", {"post": "yes"}).status_code == 403


def test_half_a_rate_is_answered_with_a_sentence_in_the_admin(boss):
    for form in ({"rate_count": "2"}, {"rate_seconds": "1"}):
        page = boss.post("/admin/jobs/lane/host/change/", {"width": "7"} | form)
        assert "give both, or neither" in page.text
    assert limits() == (2, 10, 60, "")


def test_in_the_admin_a_lane_is_changed_by_those_who_may(client):
    user = User.objects.create_user("eve", password="x", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_lane"))
    client.force_login(user)
    assert client.get("/admin/jobs/lane/host/change/").status_code == 200
    assert client.post("/admin/jobs/lane/host/change/", {"width": "7"}).status_code == 403
    assert limits() == (2, 10, 60, "")


def run(*words):
    out = StringIO()
    call_command("jobs", *words, stdout=out)
    return out.getvalue()


def test_the_command_shows_a_lane_and_changes_what_is_given():
    assert "lets 2 jobs be on their way at a time, and 10/m start" in run("lane", "host")
    assert limits() == (2, 10, 60, "")
    assert "lets 4 jobs be on their way at a time, and 10/s start" in run(
        "lane", "host", "--width", "4", "--rate", "10/s"
    )
    run("lane", "host", "--rate", "none")
    assert limits()[:3] == (4, None, None)
    assert limits()[3].endswith("(command line)")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("another",), "There is no lane"),
        (("another", "--width", "2"), "There is no lane"),
        (("host", "--width", "0"), "must be a number from 1"),
        (("host", "--rate", "fast"), "must look like"),
    ],
)
def test_the_command_says_what_makes_no_sense(words, sentence):
    with pytest.raises(CommandError, match=sentence):
        run("lane", *words)
    assert limits() == (2, 10, 60, "")

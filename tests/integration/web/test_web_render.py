import pytest
from django.urls import reverse

from tests.integration.web.web_rows import (
    STATES,
    make_attempt,
    make_job,
    make_line,
    make_page,
    make_worker,
)

pytestmark = pytest.mark.django_db

#: Session and user are two of these.
MOST_QUERIES = 18

EVIL = "<script>alert('八')</script>"


def addresses():
    return ["/", "/live", "/jobs/", "/pictures/", "/pages/"]


@pytest.mark.parametrize("address", addresses())
def test_a_page_without_rows_says_what_to_do(web, address):
    answer = web.get(address)

    assert answer.status_code in {200, 286}
    assert b"Traceback" not in answer.content


def test_empty_pages_teach(web):
    assert "Upload a photo →" in web.get("/").text
    assert "Upload a photo →" in web.get("/jobs/").text
    assert "No picture yet" in web.get("/pictures/").text
    assert "No page is indexed yet" in web.get("/pages/").text


@pytest.mark.parametrize("state", STATES)
def test_every_page_shows_jobs_in_every_state(web, state):
    job = make_job(state, args=[1, {"a": "蜂"}], kwargs={"b": None})
    make_attempt(job)
    make_line(job)

    for address in ("/", "/jobs/", f"/jobs/?state={state}", reverse("job", args=[job.id])):
        assert web.get(address).status_code == 200
    page = web.get(reverse("job", args=[job.id])).text
    assert state in page
    assert "蜂" in page
    assert "hello" in page


@pytest.mark.parametrize("state", STATES)
def test_the_number_of_queries_of_the_job_page_is_bounded(
    web, state, django_assert_max_num_queries
):
    job = make_job(state, parent="p", root="r", group="g")
    for number in range(1, 6):
        make_job("succeeded", group="g", root="r", parent=job.id)
        make_attempt(job, number)
        make_line(job)

    with django_assert_max_num_queries(MOST_QUERIES):
        web.get(reverse("job", args=[job.id]))


@pytest.mark.parametrize("address", addresses())
def test_the_number_of_queries_of_a_page_is_bounded(web, address, django_assert_max_num_queries):
    for state in STATES * 5:
        make_job(state)
    for number in range(5):
        make_page(f"https://example.com/{number}")
        make_worker(f"w{number}")

    with django_assert_max_num_queries(MOST_QUERIES):
        web.get(address)


def test_nothing_that_jobs_say_becomes_html(web):
    job = make_job(
        "failed",
        task=EVIL,
        queue=EVIL,
        args=[EVIL],
        kwargs={EVIL: EVIL},
        error_type=EVIL,
        error_message=EVIL,
        error_fingerprint="<i>",
        requested_by=EVIL,
        group=EVIL,
        schedule=EVIL,
        worker=EVIL,
    )
    make_job("running", task=EVIL, progress_done=1, progress_total=2, progress_message=EVIL)
    make_job("succeeded", task=EVIL, result=f'"{EVIL}"', group=EVIL)
    make_attempt(job, error_type=EVIL, error_message=EVIL, traceback=EVIL, worker=EVIL)
    make_line(job, EVIL, level="<i>")
    make_page("https://example.com/", EVIL, EVIL)

    for address in ("/", "/jobs/", f"/jobs/{job.id}/", "/pages/", "/pages/?q=alert", "/live"):
        page = web.get(address).text
        assert "<script>alert" not in page
        assert "<i>" not in page


def test_nothing_that_people_type_becomes_html(web):
    for address in (f"/jobs/?q={EVIL}&task={EVIL}&state={EVIL}", f"/pages/?q={EVIL}"):
        assert "<script>alert" not in web.get(address).text


def test_an_id_may_be_any_text(web):
    for chosen in ("order/42", "a b", "注文-7", "x/retry", "<b>", "50%", "a?b#c", "line\nbreak"):
        make_job("succeeded", id=chosen)
        address = reverse("job", args=[chosen])
        assert web.get(address).status_code == 200, chosen
        assert web.get(reverse("job-live", args=[chosen])).status_code == 286, chosen
    assert web.get("/jobs/").status_code == 200


def test_a_broken_message_does_not_break_the_page(web):
    for text in ("", "no json", '{"body": 3}', '{"body": "[1]"}', "[]"):
        job = make_job("succeeded", message=text, result="{broken")
        page = web.get(f"/jobs/{job.id}/")
        assert page.status_code == 200
        assert "cannot be read" in page.text


def test_arguments_are_shown_as_they_were_meant(web):
    job = make_job(
        "queued",
        args=[{"__type__": "datetime", "__value__": "2026-03-04T05:06:07"}, 9007199254740993],
    )

    page = web.get(f"/jobs/{job.id}/").text

    assert "2026-03-04T05:06:07" in page
    assert "9007199254740993" in page
    assert "__type__" not in page


def test_pages_work_without_scripts_of_other_sites(web):
    page = web.get("/").text

    assert "default-src &#x27;self&#x27;" in page or "default-src 'self'" in page
    assert "https://" not in page.replace("https:;", "")

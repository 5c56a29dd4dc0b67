import csv
import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from jobs.models import Pipeline, PipelineItem, PipelineTemplate
from jobs.tasks import pipeline_chunks
from jobs.tasks import pipelines as tasks
from jobs.work.pipeline import Failure
from tests.integration.pipeline_runs import done, failed, fresh, png, run_chunks

pytestmark = pytest.mark.django_db

GOOD = {
    "urls": "https://example.com/a.jpg\nhttps://example.com/b.jpg",
    "mode": "stamp",
    "anchor": "top-left",
    "scale": "30",
    "margin": "2",
    "opacity": "60",
    "format": "webp",
    "quality": "70",
    "max_width": "800",
    "destination": "local",
}


def upload(name="corner.png", data=None):
    return SimpleUploadedFile(name, data or png(), "image/png")


def test_a_pipeline_is_started_by_the_form(web):
    answer = web.post("/pipelines/new", GOOD | {"template_file": upload()})
    pipeline = Pipeline.objects.get()
    assert answer.url == f"/pipelines/{pipeline.pk}/"
    assert (pipeline.total, pipeline.requested_by, pipeline.name) == (2, "ann", "2 pictures")
    assert pipeline.recipe["opacity"] == 0.6
    assert (pipeline.recipe["format"], pipeline.recipe["max_width"]) == ("webp", 800)
    assert pipeline.template.name == "corner.png"


def test_bad_lines_are_named_and_nothing_typed_is_lost(web):
    urls = "https://example.com/a.jpg\n\nftp://example.com/b\n# a note\nhttp://exa mple/c"
    answer = web.post(
        "/pipelines/new", GOOD | {"urls": urls, "name": "Sale", "template_file": upload()}
    )
    assert answer.status_code == 422
    assert "2 lines cannot be downloaded from" in answer.text
    assert [problem.line for problem in answer.context["form"].problems] == [3, 5]
    assert "ftp://example.com/b" in answer.text
    assert 'value="Sale"' in answer.text
    row = PipelineTemplate.objects.get()
    assert f'value="{row.digest}" data-width="40" data-height="30" checked' in answer.text
    again = web.post("/pipelines/new", GOOD | {"urls": GOOD["urls"], "template": row.digest})
    assert again.status_code == 302
    assert Pipeline.objects.count() == PipelineTemplate.objects.count() == 1


def test_a_csv_may_be_uploaded_and_its_mistakes_are_shown_in_the_box(web, template):
    good = b"id;url;title\n1;https://example.com/1.jpg;one\n2;https://example.com/2.jpg;two\n"
    data = GOOD | {"urls": "", "template": template.digest}
    answer = web.post("/pipelines/new", data | {"url_file": upload("list.csv", good)})
    assert answer.status_code == 302
    assert list(PipelineItem.objects.order_by("number").values_list("url", flat=True)) == [
        "https://example.com/1.jpg",
        "https://example.com/2.jpg",
    ]
    bad = good + b"3;gopher://x;three\n"
    answer = web.post("/pipelines/new", data | {"url_file": upload("list.csv", bad)})
    assert answer.status_code == 422
    assert [problem.line for problem in answer.context["form"].problems] == [4]
    assert "2;https://example.com/2.jpg;two" in answer.text


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"urls": ""}, "There is no address in the list"),
        ({"template": ""}, "Choose a template"),
        ({"template": "0" * 64}, "Choose a template"),
        ({"destination": "moon"}, "Select a valid choice"),
        ({"opacity": "0"}, "Opacity: "),
        ({"scale": "x"}, "Size of the stamp: "),
        ({"folder": "../x"}, "A folder has letters"),
        ({"template_file": upload("x.png", b"no picture")}, "The template cannot be used"),
        ({"url_file": upload("x.txt", b"https://e.com")}, "Paste the addresses or choose a file"),
    ],
)
def test_mistakes_are_told(web, template, change, sentence):
    answer = web.post("/pipelines/new", GOOD | {"template": template.digest} | change)
    assert answer.status_code == 422
    assert sentence in answer.text
    assert Pipeline.objects.count() == 0


def test_repeated_addresses_are_told_at_the_start_and_stay_on_the_page(web, template):
    data = GOOD | {"template": template.digest, "urls": "https://example.com/1.jpg\n" * 3}
    page = web.post("/pipelines/new", data, follow=True).text
    assert page.count("2 lines that repeated an address were left out.") == 2
    again = web.get(f"/pipelines/{Pipeline.objects.get().pk}/").text
    assert again.count("2 lines that repeated an address were left out.") == 1


def test_a_list_that_is_too_long_is_refused(web, template, settings):
    settings.HACHI_PIPELINE_MOST_URLS = 1
    answer = web.post("/pipelines/new", GOOD | {"template": template.digest})
    assert "There are more than 1 addresses" in answer.text


def test_the_page_shows_stages_causes_and_thumbnails(web, start, chunk_runs):
    chunk_runs.ends = lambda item: (
        failed(item) if item.number == 2 else done(item, thumbnail=b"\xff\xd8jpeg")
    )
    pipeline = start(3)
    assert "Waiting for a free worker" in web.get(f"/pipelines/{pipeline.pk}/").text
    run_chunks(pipeline)
    page = web.get(f"/pipelines/{pipeline.pk}/")
    assert "2 of 3 pictures done, 1 failed." in page.text
    assert "Nothing there (404)" in page.text
    assert "It did not work." in page.text
    assert f"/batches/{fresh(pipeline).batch}/" in page.text
    thumbnail = web.get(f"/pipelines/{pipeline.pk}/1/thumbnail")
    assert b"".join(thumbnail.streaming_content) == b"\xff\xd8jpeg"
    assert "sandbox" in thumbnail["Content-Security-Policy"]
    assert web.get(f"/pipelines/{pipeline.pk}/2/thumbnail").status_code == 404
    assert web.get(page.context["board"].poll_url).status_code == 286
    assert (
        "https://example.com/2.jpg" in web.get(f"/pipelines/{pipeline.pk}/items/?state=failed").text
    )
    assert (
        "https://example.com/2.jpg"
        not in web.get(f"/pipelines/{pipeline.pk}/items/?state=done&after=x").text
    )
    assert "2 of 3 done" in web.get("/pipelines/").text


def test_the_page_renews_itself_while_it_runs(web, start, chunk_runs):
    pipeline = start(3)
    board = web.get(f"/pipelines/{pipeline.pk}/").context["board"]
    assert board.every == 1
    assert web.get(board.poll_url).status_code == 204
    listed = web.get("/pipelines/").context["board"]
    pipeline_chunks.run_pipeline_chunk(str(pipeline.pk), 1, 0)
    assert "3 of 3 pictures done" in web.get(board.poll_url).text
    assert "3 of 3 done" in web.get(listed.poll_url).text


def test_a_destination_that_is_down_is_told_on_the_page(web, start):
    pipeline = start(3)
    Pipeline.objects.update(held_until=timezone.now(), held_reason="Nobody answers there.")
    text = web.get(f"/pipelines/{pipeline.pk}/").text
    assert "The destination takes nothing: Nobody answers there. Nothing is lost" in text


def test_cancel_go_on_and_retry_by_buttons(web, start, chunk_runs):
    pipeline = start(3)
    web.post(f"/pipelines/{pipeline.pk}/cancel")
    page = web.get(f"/pipelines/{pipeline.pk}/")
    assert "Cancelled by ann after" in page.text
    assert "act-resume" in page.text
    assert "There is nothing left to cancel." in (
        web.post(f"/pipelines/{pipeline.pk}/cancel", follow=True).text
    )
    chunk_runs.ends = lambda item: failed(item, Failure.BLOCKED)
    web.post(f"/pipelines/{pipeline.pk}/retry", {"cancelled": ""})
    run_chunks(pipeline)
    assert fresh(pipeline).failed == 3
    chunk_runs.ends = done
    web.post(f"/pipelines/{pipeline.pk}/retry", {"reason": "not_found"})
    assert fresh(pipeline).finished_at
    web.post(f"/pipelines/{pipeline.pk}/retry", {"reason": "blocked", "download": "on"})
    run_chunks(pipeline)
    assert fresh(pipeline).done == 3
    answer = web.post(f"/pipelines/{pipeline.pk}/rerun", follow=True)
    assert "3 pictures are made once more" in answer.text


def test_the_result_is_shown_where_the_site_can_read_it(web, start, chunk_runs, pipeline_folder):
    pipeline = start(1)
    run_chunks(pipeline)
    path = f"/pipelines/{pipeline.pk}/1/result"
    assert web.get(path).status_code == 404
    file = pipeline_folder / "results" / pipeline.items.get().name
    file.parent.mkdir(parents=True)
    file.write_bytes(b"jpeg")
    answer = web.get(path)
    assert (answer["Content-Type"], b"".join(answer.streaming_content)) == ("image/jpeg", b"jpeg")


def test_the_csv_is_streamed(web, start, chunk_runs):
    pipeline = start(3)
    run_chunks(pipeline)
    answer = web.get(f"/pipelines/{pipeline.pk}/outcomes.csv")
    rows = list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode())))
    assert [row["state"] for row in rows] == ["done"] * 3
    assert rows[0]["url"] == "https://example.com/1.jpg"
    assert "attachment" in answer["Content-Disposition"]


def test_strangers_are_sent_to_the_login(client, start):
    pipeline = start(1)
    for path in ("", "new", f"{pipeline.pk}/", f"{pipeline.pk}/outcomes.csv"):
        assert client.get(f"/pipelines/{path}").url.startswith("/login/")


def test_what_is_not_there_is_404(web):
    nothing = "00000000-0000-0000-0000-000000000000"
    for path in ("", "live", "items/", "outcomes.csv", "1/result"):
        assert web.get(f"/pipelines/{nothing}/{path}").status_code == 404
    assert web.post(f"/pipelines/{nothing}/cancel").status_code == 404
    for name in ("x", "%00", "\u00e9"):
        assert web.get(f"/pipelines/templates/{name}").status_code == 404


def test_odd_numbers_and_causes_are_no_errors(web, start):
    pipeline = start(1)
    assert web.get(f"/pipelines/{pipeline.pk}/{10**30}/thumbnail").status_code == 404
    assert web.get(f"/pipelines/{pipeline.pk}/items/?reason=%00&after={10**30}").status_code == 200
    tasks.cancel_pipeline(pipeline.pk, by="ann")
    answer = web.post(f"/pipelines/{pipeline.pk}/retry", {"reason": "\0"}, follow=True)
    assert "There is nothing to take up again." in answer.text


def test_lines_are_counted_as_they_stand_in_the_box(web, template):
    urls = "\r\n\r\nhttps://example.com/a.jpg\r\nno address"
    answer = web.post("/pipelines/new", GOOD | {"urls": urls, "template": template.digest})
    assert [problem.line for problem in answer.context["form"].problems] == [4]

"""Start a pipeline and watch its thumbnails come."""

import csv
import io
import re
from pathlib import Path

import pytest
from PIL import Image, ImageChops
from playwright.sync_api import expect

from jobs.work.images import Format
from jobs.work.pipeline import Anchor, Mode, Recipe, compose
from tests.browser.test_pictures import expect_loaded
from tests.browser.visits import staying_on
from tests.integration.pipeline_runs import png
from tests.servers.pictures import picture_server
from tests.unit.jobs.work.pipeline_samples import blank


@pytest.fixture(scope="module")
def server():
    with picture_server(latency=0.1) as url:
        yield url


@pytest.fixture
def corner(tmp_path):
    path = tmp_path / "corner.png"
    path.write_bytes(png((300, 180), "#f0b429c0"))
    return path


def addresses(server):
    photos = [f"{server}/photo/{n}.jpg" for n in range(17)]
    return [*photos, f"{server}/missing/1.jpg", f"{server}/page/2.jpg", f"{server}/missing/3.jpg"]


def test_twenty_addresses_are_started_and_their_thumbnails_come(page, server, corner):
    page.goto("/pipelines/")
    page.get_by_role("link", name="New pipeline").click()
    page.get_by_label("Addresses, a line each").fill("\n".join(addresses(server)))
    expect(page.locator("#url-count")).to_have_text("20 addresses")
    page.locator("[name=template_file]").set_input_files(corner)
    page.get_by_label("Name of the pipeline").fill("Twenty bees")
    page.get_by_role("button", name="Start").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Twenty bees")
    with staying_on(page):
        expect_loaded(page.locator(".strip img").first)
        expect(page.locator("#top")).to_contain_text("17 of 20 pictures done, 3 failed.")
        expect(page.locator(".strip img")).to_have_count(17)
        expect_loaded(page.locator(".strip img").last)
        expect(page.locator(".cause h3 a")).to_have_text(["Nothing there (404)", "Not a picture"])
        expect(page.get_by_role("button", name="Retry failed")).to_be_visible()
    expect(page.locator(".stages")).to_contain_text("Uploaded 17 of 20")
    page.locator(".strip a").first.click()
    expect_loaded(page.locator("img"))
    assert re.search(r"/result$", page.url)


def test_what_failed_is_retried_and_the_csv_has_every_address(page, server, corner):
    page.goto("/pipelines/new")
    urls = [f"{server}/photo/1.jpg", f"{server}/missing/2.jpg", f"{server}/photo/3.jpg"]
    page.get_by_label("Addresses, a line each").fill("\n".join(urls))
    page.locator("[name=template_file]").set_input_files(corner)
    page.get_by_role("button", name="Start").click()
    with staying_on(page):
        expect(page.locator("#top")).to_contain_text("2 of 3 pictures done, 1 failed.")
        batch = page.locator("#facts a", has_text="batch").inner_text()
        page.get_by_role("button", name="Retry failed").click()
        # A lap of its own, of the one that failed; it is missing still.
        expect(page.locator("#facts a", has_text="batch")).not_to_have_text(batch)
        expect(page.locator("#top")).to_contain_text("2 of 3 pictures done, 1 failed.")
        expect(page.get_by_role("button", name="Retry failed")).to_be_visible()
    with page.expect_download() as coming:
        page.get_by_role("link", name="CSV").click()
    with Path(coming.value.path()).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["url"], row["state"]) for row in rows] == [
        (urls[0], "done"),
        (urls[1], "failed"),
        (urls[2], "done"),
    ]
    assert [row["reason"] for row in rows] == ["", "not_found", ""]


def test_the_preview_lays_the_template_where_the_workers_will(page, corner):
    page.goto("/pipelines/new")
    page.locator("[name=template_file]").set_input_files(corner)
    overlay, photo = page.locator("#preview-template"), page.locator("#preview-photo")
    expect(overlay).to_be_visible()

    def shares():
        """Left, top, width and height of the template, as parts of the photo's shorter side."""
        stamp, under = overlay.bounding_box(), photo.bounding_box()
        short = min(under["width"], under["height"])
        return [
            round((stamp["x"] - under["x"]) / short, 2),
            round((stamp["y"] - under["y"]) / short, 2),
            round(stamp["width"] / short, 2),
            round(stamp["height"] / short, 2),
        ]

    def as_made(**how):
        """The same of what the workers make; the sample has 3:2, and so has this."""
        how = {"anchor": Anchor.BOTTOM_RIGHT, "scale": 0.25, "margin": 0.03} | how
        template = corner.read_bytes()
        made = compose(blank(1200, 800), Recipe(template=template, format=Format.PNG, **how))
        with Image.open(io.BytesIO(made.data)) as picture:
            left, top, right, bottom = ImageChops.invert(picture.convert("RGB")).getbbox()
        return [side / 800 for side in (left, top, right - left, bottom - top)]

    assert shares() == pytest.approx(as_made(), abs=0.01)
    page.locator("[name=scale]").fill("50")
    page.locator("[name=margin]").fill("10")
    for anchor in Anchor:
        page.get_by_label("Where").first.select_option(anchor)
        made = as_made(anchor=anchor, scale=0.5, margin=0.1)
        assert shares() == pytest.approx(made, abs=0.01), anchor
    page.get_by_label("How it lies").select_option("frame")
    assert shares() == pytest.approx(as_made(mode=Mode.FRAME), abs=0.01)
    expect(page.get_by_label("Where").first).to_be_hidden()
    page.locator("[name=opacity]").fill("40")
    expect(overlay).to_have_css("opacity", "0.4")
    page.get_by_label("Width, at most").fill("300")
    expect(page.locator("#preview-said")).to_contain_text("comes out as JPEG of 300 × 200")


def test_a_bad_line_is_named_and_found_by_a_click(visits, page, server, corner):
    visits.expect_status(422)
    page.goto("/pipelines/new")
    page.get_by_label("Addresses, a line each").fill(f"{server}/photo/1.jpg\nftp://nowhere/2.jpg")
    page.locator("[name=template_file]").set_input_files(corner)
    page.locator("[name=opacity]").fill("35")
    page.get_by_role("button", name="Start").click()
    problem = page.locator(".problems li")
    expect(problem).to_have_text(re.compile("Line 2: Only http and https .* ftp://nowhere/2.jpg"))
    problem.get_by_role("link").click()
    selected = page.evaluate(
        "() => { const box = document.getElementById('id_urls');"
        " return box.value.slice(box.selectionStart, box.selectionEnd) }"
    )
    assert selected == "ftp://nowhere/2.jpg"
    expect(page.locator("[name=opacity]")).to_have_value("35")
    expect(page.locator("#preview-template")).to_be_visible()  # the upload was kept and chosen
    page.get_by_label("Addresses, a line each").fill(f"{server}/photo/1.jpg")
    page.get_by_role("button", name="Start").click()
    expect(page.locator("#top")).to_contain_text("The picture is done.")


def test_a_pipeline_is_cancelled_and_gone_on_with(page, server, corner):
    page.goto("/pipelines/new")
    urls = [f"{server}/silent/{n}" for n in range(30)]
    page.get_by_label("Addresses, a line each").fill("\n".join(urls))
    page.locator("[name=template_file]").set_input_files(corner)
    page.get_by_role("button", name="Start").click()
    with staying_on(page):
        expect(page.locator(".chunks")).to_contain_text("downloading")
        page.get_by_role("button", name="Cancel").click()
        expect(page.locator("#top")).to_contain_text("Cancelled by ann after")
        expect(page.get_by_role("button", name="Go on")).to_be_visible()
    page.goto("/pipelines/")
    expect(page.locator(".line").first).to_contain_text("cancelled")

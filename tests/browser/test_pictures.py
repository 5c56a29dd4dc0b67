"""Upload a photo and watch its copies come."""

import re
import shutil

from playwright.sync_api import expect

from tests.acceptance.stack import wait_until
from tests.browser.visits import staying_on


def expect_loaded(image):
    """The picture is there for a person to see, not a broken link."""
    expect(image).to_be_visible()
    wait_until(
        lambda: image.evaluate("image => image.complete && image.naturalWidth > 0"),
        why="the picture has loaded",
    )


def drop_on(page, target, file):
    """Let go of a file over `target`, as the system does it for a person with a mouse."""
    box = target.bounding_box()
    devtools = page.context.new_cdp_session(page)
    for kind in ("dragEnter", "dragOver", "drop"):
        devtools.send(
            "Input.dispatchDragEvent",
            {
                "type": kind,
                "x": box["x"] + box["width"] / 2,
                "y": box["y"] + box["height"] / 2,
                "data": {"items": [], "files": [str(file)], "dragOperationsMask": 1},
            },
        )


def test_a_photo_that_is_chosen_shows_its_thumbnail_and_its_job_without_a_reload(page, photo):
    page.goto("/pictures/")
    card = page.locator(".card", has_text=photo.name)
    with staying_on(page):
        with page.expect_file_chooser() as chooser:
            page.locator("#drop").click()
        chooser.value.set_files(photo)
        expect_loaded(card.locator("img"))
    card.get_by_role("link", name=photo.name).last.click()
    expect_loaded(page.locator(".thumbs img"))
    page.get_by_role("definition").get_by_role("link", name="succeeded").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("jobs.resize_image")
    expect(page.locator(".moments .name")).to_have_text(
        [
            "Submitted",
            "Announced to workers",
            "Claimed by a worker",
            "Attempt 1 began",
            "Succeeded",
        ]
    )
    times = page.locator(".moments time").all_inner_texts()
    assert len(times) == 5
    assert all(re.fullmatch(r"\d+ \w{3}, \d\d:\d\d:\d\d", time) for time in times), times
    expect_loaded(page.locator(".thumbs img"))


def test_photos_that_are_dropped_on_the_page_show_their_thumbnails(page, photo, tmp_path):
    dropped = shutil.copy(photo, tmp_path / "dropped.jpg")
    page.goto("/pictures/")
    page.get_by_label("Sizes").fill("320x240, 64x64")
    with staying_on(page):
        drop_on(page, page.locator("#drop"), dropped)
        card = page.locator(".card", has_text=dropped.name)
        expect_loaded(card.locator("img"))
        expect(card).to_contain_text("2 sizes")


def test_a_file_that_is_no_picture_is_refused_with_a_sentence(page, visits, tmp_path):
    visits.expect_status(422)
    text = tmp_path / "letter.jpg"
    text.write_text("Dear reader")
    page.goto("/pictures/")
    with staying_on(page):
        page.locator("input[type=file]").set_input_files(text)
        expect(page.locator("#uploads .error")).to_have_text(re.compile(r"\w+ .*\.$"))
    expect(page.locator(".card", has_text="letter.jpg")).to_have_count(0)

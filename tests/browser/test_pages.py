"""Index a page and find it by its words."""

import pytest
from playwright.sync_api import expect

from tests.browser.village import village
from tests.browser.visits import staying_on


@pytest.fixture(scope="module")
def address():
    with village() as address:
        yield address


def index(page, url):
    page.goto("/pages/")
    page.get_by_label("Address").fill(url)
    page.get_by_role("button", name="Index").click()


def test_a_page_that_was_indexed_is_found_by_its_words_in_english_and_japanese(page, address):
    index(page, f"{address}/bees")
    with staying_on(page):
        expect(page.locator(".why")).to_contain_text("Succeeded after")
    page.get_by_role("link", name="Pages").click()
    for word in ("orchards", "養蜂家", "はちみつ"):
        page.get_by_label("Search").fill(word)
        page.get_by_role("button", name="Search").click()
        expect(page.locator(".hit")).to_contain_text(["Beekeeping in the village"])
        expect(page.locator(".hit mark").first).to_have_text(word)
    page.get_by_label("Search").fill("zeppelin")
    page.get_by_role("button", name="Search").click()
    expect(page.locator(".empty")).to_contain_text("No page has these words.")


def test_a_page_that_is_not_there_fails_with_what_the_server_said(page, address):
    index(page, f"{address}/wasps")
    with staying_on(page):
        expect(page.locator(".why")).to_contain_text("404")


def test_an_address_that_cannot_be_fetched_is_refused_at_once(page, visits):
    visits.expect_status(422)
    index(page, "ftp://example.com/")
    expect(page.get_by_role("alert")).to_have_text("Only http and https URLs can be downloaded.")

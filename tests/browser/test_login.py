"""Signing in and out."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import PASSWORD


@pytest.fixture
def stranger(visits):
    return visits.open(signed_in=False)


def sign_in(page, password):
    page.get_by_label("Username").fill("ann")
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


def test_a_stranger_is_sent_to_the_login(stranger):
    for path in ("/", "/jobs/", "/jobs/x/", "/pictures/", "/pages/", "/reports/"):
        stranger.goto(path)
        expect(stranger).to_have_url(f"/login/?next={path}")


def test_a_wrong_password_is_answered_with_a_sentence(stranger):
    stranger.goto("/login/")
    sign_in(stranger, "not it")
    expect(stranger.get_by_role("alert")).to_contain_text("enter a correct username and password")


def test_who_signs_in_comes_to_the_page_that_was_asked_for_and_can_sign_out(stranger):
    stranger.goto("/jobs/")
    sign_in(stranger, PASSWORD)
    expect(stranger.get_by_role("heading", level=1)).to_have_text("Jobs")
    expect(stranger).to_have_url("/jobs/")
    stranger.get_by_role("button", name="Sign out").click()
    expect(stranger.get_by_role("button", name="Sign in")).to_be_visible()
    stranger.goto("/jobs/")
    expect(stranger).to_have_url("/login/?next=/jobs/")

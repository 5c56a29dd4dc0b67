"""Flower, started as the Procfile does it."""

import pytest
from playwright.sync_api import expect

from tests.acceptance import workload
from tests.acceptance.stack import wait_until
from tests.browser.site import FLOWER_PASSWORD, FLOWER_USER


@pytest.fixture
def flower(visits, site):
    """A window on Flower for somebody who knows its password."""
    login = {"username": FLOWER_USER, "password": FLOWER_PASSWORD}
    return visits.open(url=site.flower_url, signed_in=False, http_credentials=login)


@pytest.mark.parametrize("password", [None, "not it"])
def test_flower_shows_nothing_without_its_password(visits, site, password):
    login = {"username": FLOWER_USER, "password": password} if password else None
    stranger = visits.open(url=site.flower_url, signed_in=False, http_credentials=login)
    for path in ("/", "/workers", "/tasks", "/broker", "/api/tasks"):
        assert stranger.request.get(path).status == 401, path


def test_flower_lists_the_worker_as_online(flower, site):
    flower.goto("/workers")
    row = flower.locator("#workers-table tbody tr")
    expect(row).to_have_count(1)
    expect(row).to_contain_text("w@")
    expect(row).to_contain_text("Online")


def test_flower_shows_the_tasks_that_ran(flower, site):
    wait_until(
        lambda: "Events of group {task} enabled by remote." in site.main_worker.text(),
        why="Flower has asked the worker to tell about its tasks",
    )
    added, failed = workload.add.delay(20, 22), workload.fail.delay("no honey")
    added.get(timeout=20)
    flower.goto("/tasks")
    for job, name, state in ((added, "test.add", "SUCCESS"), (failed, "test.fail", "FAILURE")):
        row = flower.locator("#tasks-table tbody tr", has_text=job.id)
        expect(row).to_contain_text(name)
        expect(row).to_contain_text(state)
    flower.goto(f"/task/{added.id}")
    expect(flower.locator("body")).to_contain_text("42")

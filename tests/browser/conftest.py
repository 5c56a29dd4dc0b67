"""Fixtures of the browser tests: one running site and one Chromium for the whole folder."""

from contextlib import contextmanager

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection, connections
from django.test import Client, override_settings
from django.test.utils import setup_databases, teardown_databases
from playwright.sync_api import sync_playwright

from jobs.engine.broker.publisher import publisher
from tests.browser.photo import jpeg
from tests.browser.site import Site
from tests.browser.visits import Visits, launch

PASSWORD = "a-long-password"


@pytest.fixture(scope="package")
def database(django_db_setup, django_db_blocker):
    """The test database, committed to as everywhere; emptied after the last test of the folder."""
    with pytest.MonkeyPatch.context() as patch, django_db_blocker.unblock():
        # Playwright runs its own event loop in this thread, in which Django allows no queries.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        # pytest-django makes a database only where a test asks for one by its own fixtures.
        is_made = connection.settings_dict["NAME"] == connection.creation._get_test_db_name()
        made = [] if is_made else setup_databases(verbosity=0, interactive=False)
        yield
        call_command("flush", interactive=False, verbosity=0)
        teardown_databases(made, verbosity=0)
        connections.close_all()


@pytest.fixture(scope="package")
def site(database, tmp_path_factory):
    """Everything that `make run` starts. Tests may submit to it from here, too."""
    with running(Site(tmp_path_factory.mktemp("site"))) as site:
        yield site


@contextmanager
def running(site):
    """`site`, up, for the length of a with block; this process submits to it meanwhile."""
    try:
        site.start()
        with override_settings(
            REDIS_URL=site.redis.url,
            MEDIA_ROOT=site.environment["MEDIA_ROOT"],
            HACHI_FETCH_ALLOW_LOOPBACK=True,
        ):
            publisher.cache_clear()
            yield site
    finally:
        site.close()
        publisher.cache_clear()


@pytest.fixture(scope="package")
def chromium(database):
    with sync_playwright() as playwright:
        browser = launch(playwright)
        yield browser
        browser.close()
        connections.close_all()  # those of Playwright's event loop


@pytest.fixture(scope="package")
def session(database):
    """The cookie of Ann, who may do everything and has signed in."""
    ann = User.objects.create_superuser("ann", password=PASSWORD)
    client = Client()
    client.force_login(ann)
    return client.cookies["sessionid"].value


@pytest.fixture
def visits(chromium, site, session, tmp_path):
    visits = Visits(chromium, site.url, session, tmp_path)
    yield visits
    complaints = visits.complaints()
    visits.close()
    assert complaints == []


@pytest.fixture
def page(visits):
    """A window in which Ann has signed in."""
    return visits.open()


@pytest.fixture(scope="package")
def photo(tmp_path_factory):
    path = tmp_path_factory.mktemp("photos") / "from the trip.jpg"
    path.write_bytes(jpeg())
    return path


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Show what the windows and the processes said when a test fails."""
    report = yield
    visits, site = (item.funcargs.get(name) for name in ("visits", "site"))
    if report.when == "call" and report.failed and visits is not None:
        said = [*visits.pictures(), *visits.complaints()]
        report.sections += [("windows", "\n".join(said)), ("processes", site.logs())]
    return report

"""Fixtures of the acceptance tests: real processes around the test database."""

import pytest
from django.core.management import call_command
from django.test import override_settings

from jobs.engine.broker.publisher import publisher
from tests.acceptance.changes import odd_changes, watch_changes
from tests.acceptance.stack import Stack
from tests.acceptance.wall import COMPILER, Wall


@pytest.fixture
def stack(transactional_db, tmp_path):
    """A Redis and, on demand, workers and beats; the test itself submits to them."""
    yield from started(tmp_path)


@pytest.fixture
def wall(tmp_path):
    if COMPILER is None:
        pytest.skip("no C compiler; tests/integration/schedules has it with a clock of its own")
    return Wall(tmp_path)


@pytest.fixture(scope="module")
def shared_stack(django_db_setup, django_db_blocker, tmp_path_factory):
    """The same for all tests of a module: they must look at their own jobs alone."""
    with django_db_blocker.unblock():
        yield from started(tmp_path_factory.mktemp("stack"))
        call_command("flush", interactive=False, verbosity=0)


def started(folder):
    stack = Stack(folder)
    watch_changes()
    publisher.cache_clear()
    with override_settings(REDIS_URL=stack.redis.url):
        yield stack
    stack.close()
    publisher.cache_clear()
    assert odd_changes() == [], "docs/job-lifecycle.md and jobs/states.py know no such change"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Show what the processes said when a test fails."""
    report = yield
    known = getattr(item, "funcargs", {})
    stack = known.get("stack") or known.get("shared_stack")
    if report.when == "call" and report.failed and stack is not None:
        report.sections.append(("processes", stack.logs()))
    return report

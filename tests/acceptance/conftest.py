"""Fixtures of the acceptance tests: real processes around the test database."""

import pytest

from jobs.engine.publisher import publisher
from tests.acceptance.stack import Stack


@pytest.fixture
def stack(transactional_db, tmp_path, settings):
    """A Redis and, on demand, workers and beats; the test itself submits to them."""
    stack = Stack(tmp_path)
    settings.REDIS_URL = stack.redis.url
    publisher.cache_clear()
    yield stack
    stack.close()
    publisher.cache_clear()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Show what the processes said when a test fails."""
    report = yield
    stack = getattr(item, "funcargs", {}).get("stack")
    if report.when == "call" and report.failed and stack is not None:
        report.sections.append(("processes", stack.logs()))
    return report

"""Whom a fault of the drill hits: only then does a wait count anew."""

from types import SimpleNamespace

import pytest
from celery import current_app

from drill.affected import affected
from drill.plan import Fault, Kind
from jobs.engine.broker.publisher import publisher
from jobs.models import Job
from scripts.processes import RedisServer

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def cast(tmp_path, settings):
    server = RedisServer(tmp_path / "redis")
    server.start()
    settings.REDIS_URL = server.url
    publisher.cache_clear()
    yield SimpleNamespace(redis=server, workers=[])
    server.kill()
    publisher.cache_clear()


def sent():
    return current_app.send_task("jobs.cleanup_old_sessions").id


@pytest.mark.parametrize("kind", [Kind.REDIS_FLUSHED, Kind.REDIS_KILLED])
def test_a_redis_that_forgets_hits_the_jobs_whose_message_it_has(cast, kind):
    lost = sent()
    with cast.redis.client() as client:
        client.flushall()
    there = sent()
    assert Job.objects.unclaimed().filter(id__in=(lost, there)).count() == 2
    assert affected(Fault(1.0, kind), cast) == {there}


def test_a_redis_that_freezes_hits_nobody(cast):
    sent()
    assert affected(Fault(1.0, Kind.REDIS_FROZEN), cast) == frozenset()


def test_a_redis_that_is_away_has_nothing_to_lose(cast):
    sent()
    cast.redis.kill()
    assert affected(Fault(1.0, Kind.REDIS_KILLED), cast) == frozenset()

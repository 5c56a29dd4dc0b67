"""All workers together ask no more of a host than it allows."""

import pytest
from django.utils import timezone
from redis import Redis

from jobs.engine import politeness
from jobs.engine.politeness import HostGate, Manners, manners_by_host
from jobs.models import Lane
from jobs.work.pipeline.policy import ChunkPolicy
from tests.acceptance.stack import RedisServer, wait_until


@pytest.fixture
def redis(tmp_path):
    server = RedisServer(tmp_path / "redis")
    server.start()
    yield server
    server.kill()


def gate(server, *manners, **of_host):
    client = Redis.from_url(server.url, socket_timeout=0.4, socket_connect_timeout=0.4)
    return HostGate(client, Manners(*manners), of_host)


def test_two_workers_share_the_places_of_a_host(redis):
    one, other = gate(redis, 3), gate(redis, 3)
    assert [one.enter("a"), other.enter("a"), one.enter("a")] == [0, 0, 0]
    assert 0 < other.enter("a") < 1
    assert other.enter("b") == 0
    one.leave("a")
    assert other.enter("a") == 0
    one.close()  # gives its last place back
    assert gate(redis, 3).enter("a") == 0


def test_starts_are_as_far_apart_as_the_host_asks(redis):
    one, other = gate(redis, 9, 60), gate(redis, 9, 60)
    assert one.enter("a") == 0
    assert 30 < other.enter("a") <= 60
    quick = gate(redis, 9, 0.5)
    assert quick.enter("b") == 0
    wait_until(lambda: quick.enter("b") == 0, 20)


def test_a_host_may_have_manners_of_its_own(redis):
    one = gate(redis, 5, strict=Manners(1))
    assert [one.enter("strict"), one.enter("usual")] == [0, 0]
    assert one.enter("strict") > 0


def test_a_host_that_asks_one_for_patience_gets_it_from_all(redis):
    one, other = gate(redis, 9), gate(redis, 9, 0.1)
    assert one.enter("a") == 0
    one.shut("a", 30)
    one.shut("a", 0.2)  # the longer one counts
    assert one.enter("a") > 25
    assert other.enter("a") > 25
    assert other.enter("b") == 0


def test_places_of_the_dead_come_back(redis, monkeypatch):
    monkeypatch.setattr("jobs.engine.politeness.LEASE_SECONDS", 0.3)
    assert gate(redis, 1).enter("a") == 0  # and dies
    heir = gate(redis, 1)
    assert heir.enter("a") > 0
    wait_until(lambda: heir.enter("a") == 0, 5)


def test_a_place_is_held_longer_than_any_download_takes_and_not_much_longer():
    longest = ChunkPolicy().fetch.total_seconds
    assert longest < politeness.LEASE_SECONDS <= longest + 15


def test_without_redis_nothing_waits(redis):
    one = gate(redis, 1)
    assert one.enter("a") == 0
    redis.kill()
    assert one.enter("a") == 0
    one.leave("a")
    one.leave("a")
    one.close()


def test_lanes_say_what_a_host_allows(db):
    for key, width, count, seconds in (
        ("host:a.example", 2, None, None),
        ("host:b.example", 1, 10, 60.0),
        ("order-17", 1, None, None),
    ):
        Lane.objects.create(
            key=key,
            width=width,
            rate_count=count,
            rate_seconds=seconds,
            created_at=timezone.now(),
        )
    assert manners_by_host() == {
        "a.example": Manners(2),
        "b.example": Manners(1, 6.0),
    }

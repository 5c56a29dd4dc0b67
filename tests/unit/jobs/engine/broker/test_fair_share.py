"""Shares by weight: over any stretch of time, whatever the batches, and with nothing saved up."""

import random
from collections import Counter

import pytest

from jobs.engine.broker.fair_share import FairShare

WEIGHTS = {"critical": 5, "default": 3, "low": 1}


def serve(share, backlog, rounds, batch=lambda: 1):
    """Serve as the transport does: the first of the order that has anything, a batch of it."""
    had = Counter()
    for _ in range(rounds):
        queue = next((queue for queue in share.consume(99) if backlog[queue]), None)
        if queue is None:
            break
        number = min(batch(), backlog[queue])
        backlog[queue] -= number
        had[queue] += number
        share.served(queue, number)
    return had


def endless(*queues):
    return dict.fromkeys(queues, 10**9)


def shared(weights, *queues):
    share = FairShare(weights)
    share.update(queues)
    return share


def test_endless_queues_share_by_weight():
    had = serve(shared(WEIGHTS, *WEIGHTS), endless(*WEIGHTS), 9_000)
    assert had == {"critical": 5_000, "default": 3_000, "low": 1_000}


def test_the_shares_hold_over_any_stretch_of_a_few_dozen_jobs():
    share, backlog = shared(WEIGHTS, *WEIGHTS), endless(*WEIGHTS)
    for _ in range(50):
        had = serve(share, backlog, 45)
        assert abs(had["critical"] - 25) <= 1
        assert abs(had["low"] - 5) <= 1


def test_without_weights_all_queues_have_the_same():
    had = serve(shared({}, "a", "b", "c"), endless("a", "b", "c"), 3_000)
    assert had == {"a": 1_000, "b": 1_000, "c": 1_000}


@pytest.mark.parametrize("seed", range(5))
def test_batches_of_any_size_change_nothing_in_the_long_run(seed):
    chance = random.Random(seed)
    had = serve(shared(WEIGHTS, *WEIGHTS), endless(*WEIGHTS), 3_000, lambda: chance.randint(1, 200))
    total = sum(had.values())
    assert had["critical"] / total == pytest.approx(5 / 9, abs=0.01)
    assert had["low"] / total == pytest.approx(1 / 9, abs=0.01)


def test_the_share_of_an_empty_queue_goes_to_the_others():
    backlog = endless("critical", "low") | {"default": 0}
    had = serve(shared(WEIGHTS, *WEIGHTS), backlog, 6_000)
    assert had["critical"] == pytest.approx(5_000, abs=5)
    assert had["low"] == pytest.approx(1_000, abs=5)


def test_a_queue_that_was_empty_for_long_takes_no_more_than_its_share_when_it_fills():
    share = shared(WEIGHTS, *WEIGHTS)
    backlog = endless("default", "low") | {"critical": 0}
    serve(share, backlog, 10_000)
    backlog["critical"] = 10**9
    had = serve(share, backlog, 90)
    assert abs(had["critical"] - 50) <= 1
    assert abs(had["low"] - 10) <= 1


def test_a_queue_that_joins_later_begins_where_the_others_are():
    share = shared({}, "a")
    serve(share, endless("a"), 10_000)
    share.update(["a", "b"])
    had = serve(share, endless("a", "b"), 100)
    assert had == {"a": 50, "b": 50}


def test_a_queue_that_is_no_longer_served_is_forgotten():
    share = shared({}, "a", "b")
    share.consume(2)
    share.update(["a"])
    share.served("b", 1)
    assert share.consume(2) == ["a"]


def test_a_queue_of_a_small_weight_takes_a_small_part_of_the_places_at_once():
    share = shared(WEIGHTS, *WEIGHTS)
    assert [share.at_once(queue, 200) for queue in WEIGHTS] == [200, 120, 40]
    assert share.at_once("low", 4) == 0  # one is had already when more is asked for


def test_the_only_queue_takes_every_place_whatever_its_weight():
    assert shared(WEIGHTS, "low").at_once("low", 200) == 200


def test_the_shares_hold_from_the_first_batch_on():
    share, backlog = shared(WEIGHTS, *WEIGHTS), endless(*WEIGHTS)
    for queue in reversed(WEIGHTS):  # the worst order
        share.served(queue, 1 + share.at_once(queue, 200))
    had = serve(share, backlog, 540)
    assert had["low"] <= 60 + 41

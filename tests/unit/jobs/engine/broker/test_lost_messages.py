"""Messages whose jobs are cancelled or somebody else's are got through as fast as short jobs."""

from types import SimpleNamespace
from unittest.mock import Mock

from jobs.engine.worker.consumer import JobConsumer
from jobs.engine.worker.credit import Credit


def test_what_was_lost_counts_for_the_credit_so_that_the_next_are_fetched_by_the_hundred():
    lost = [Mock() for _ in range(400)]
    credit = Credit(slots=2, ahead=2)
    ledger = SimpleNamespace(next_lost=lambda: lost.pop() if lost else None, in_pool=2)
    consumer = SimpleNamespace(
        ledger=ledger,
        credit=credit,
        paused=Mock(),
        bundles=(),
        slots=2,
        _adjust_credit=lambda: None,
    )
    JobConsumer.hand_over(consumer)
    assert credit.adjust(credit._since + 1) == 16
    assert not lost

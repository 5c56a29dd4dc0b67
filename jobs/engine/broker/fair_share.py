"""Which queue is served next, so that each gets its share and none starves. Pure.

Every queue has a clock that goes on with each of its jobs, by one over its weight; the queue whose
clock is furthest behind goes first. A queue that is found empty catches up at once: it saves up no
claim for the time when it had nothing to do, and the others share what it leaves.
"""

from collections.abc import Iterable, Mapping

#: The weight of a queue that nobody has given one.
DEFAULT_WEIGHT = 1.0


class FairShare:
    """The order of queues, by weight and by what they had. Stands for one of kombu's cycles."""

    def __init__(self, weights: Mapping[str, float]) -> None:
        self._weights = weights
        self._clocks: dict[str, float] = {}
        self._order: list[str] = []

    def update(self, queues: Iterable[str]) -> None:
        """Serve these queues from now on. A new one begins where the others are."""
        now = min(self._clocks.values(), default=0.0)
        self._clocks = {queue: self._clocks.get(queue, now) for queue in dict.fromkeys(queues)}

    def consume(self, number: int) -> list[str]:
        """The queues, the one that is to be served first in front; at most `number`."""
        self._order = sorted(self._clocks, key=self._clocks.__getitem__)
        return self._order[:number]

    def at_once(self, queue: str, number: int) -> int:
        """How many of `number` places may go to `queue` in one go.

        The queue of the greatest weight may fill them all, the others their part of them: nobody
        knows yet whether those that come next have anything.
        """
        most = max(map(self._weight, self._clocks), default=DEFAULT_WEIGHT)
        return int(number * min(1.0, self._weight(queue) / most))

    def served(self, queue: str, number: int) -> None:
        """Count `number` jobs of `queue`, which was the first of the order that had any."""
        if queue not in self._clocks:
            return  # it was cancelled while the answer was on its way
        now = self._clocks[queue]
        for other in self._order[: self._order.index(queue)] if queue in self._order else ():
            self._clocks[other] = max(self._clocks.get(other, now), now)  # it was empty
        self._clocks[queue] = now + number / self._weight(queue)

    def _weight(self, queue: str) -> float:
        return self._weights.get(queue, DEFAULT_WEIGHT)

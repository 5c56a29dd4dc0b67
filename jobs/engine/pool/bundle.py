"""Short jobs that go to one child of a prefork pool together.

The hand-over of a job to a child and back costs more than many a job: two pipes, an
acknowledgement, a result, each through the parent's event loop. A bundle pays it once. Each member
keeps its own request, attempt and outcome; the regions of shared memory tell how far the child
came, so that one that dies or hangs takes only the member that it was running.
"""

import logging
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from celery.exceptions import TaskRevokedError

from jobs.engine.pool.attempt import Call, Outcome, run_apart
from jobs.engine.pool.regions import Region
from jobs.engine.pool.request import JobRequest

if TYPE_CHECKING:
    from jobs.engine.worker.consumer import JobConsumer

logger = logging.getLogger(__name__)

#: Members begin within this time, or go to another child: one of them has turned out long.
_BEGIN_SECONDS = 0.5
#: The parent takes them back only when the child has surely looked at its clock since.
_MARGIN_SECONDS = 0.5


def run_bundle(number: int, deadline: float, calls: Sequence[Call]) -> Outcome | None:
    """In the child: run the members one after another; none begins after `deadline`.

    `number` is that of the region; `deadline` a time.monotonic(), which is the same in every
    process of a machine. Returns the outcome of a member that the region has no room for.
    """
    region = Region(number)
    for index, call in enumerate(calls):
        if time.monotonic() > deadline:
            return None
        region.begin(index)
        outcome = run_apart(*call)
        if not region.add(outcome):
            return outcome
    region.begin(len(calls))
    return None


class Bundle:
    """Several requests in one slot of the pool. All its methods run in the parent's loop."""

    def __init__(self, requests: Sequence[JobRequest], region: Region, home: "JobConsumer") -> None:
        self.members = list(requests)
        self._region = region
        self._home = home
        self._read = 0
        #: How many members have ended.
        self._ended = 0
        self._pid = 0
        self._deadline = 0.0
        self.closed = False

    def execute_using_pool(self, pool: Any, **_: Any) -> Any:
        """Hand the members over. Celery's worker calls it, as it does with a request."""
        self.members = [member for member in self.members if member.enter_pool()]
        if not self.members:
            self._close()
            raise TaskRevokedError
        try:
            return self._hand_to(pool)
        except Exception as error:
            logger.exception("%d jobs could not be handed over together.", len(self.members))
            for member in self.members:
                member.fail("It could not be handed to the pool", error)
            self._close()
            raise TaskRevokedError from error

    def _hand_to(self, pool: Any) -> Any:
        self._region.clear()
        self._deadline = time.monotonic() + _BEGIN_SECONDS
        logger.debug("Handed over together: %s", [member.id for member in self.members])
        # Only equal limits go together (JobConsumer._companions). The last member may begin this
        # much later than the first, and is to have its whole time.
        hard, soft = (limit and limit + _BEGIN_SECONDS for limit in self.members[0].limits_in(pool))
        result = pool.apply_async(
            run_bundle,
            args=(self._region.number, self._deadline, [m.call() for m in self.members]),
            accept_callback=self.on_accepted,
            timeout_callback=self.on_timeout,
            callback=self.on_success,
            error_callback=self.on_failure,
            timeout=hard,
            soft_timeout=soft,
            correlation_id=self.members[0].id,
        )
        for member in self.members:
            member._apply_result = result and (lambda: result)
        return result

    # --- what the pool tells -----------------------------------------------------------------

    def on_accepted(self, pid: int, time_accepted: float) -> None:
        """The child has begun with the first member."""
        self._pid = pid
        self.members[0].on_accepted(pid, time_accepted)

    def on_success(self, last: Outcome | None, **_: Any) -> None:
        """The child is through, or has no room for one more outcome."""
        try:
            self._deliver()
            if last is not None:
                self._running().on_success(last)
                self._ended += 1
        finally:
            self._close()

    def on_failure(self, exc_info: Any, **_: Any) -> None:
        """The child died, or was told to; or a member raised what no tracer catches."""
        try:
            self._deliver()
            if self._has_running:
                self._running().on_failure(exc_info)
                self._ended += 1
        finally:
            self._close(at_rest=False)

    def on_timeout(self, soft: bool, timeout: float) -> None:
        """A time limit of the member that is running."""
        self._deliver()
        if self._has_running:
            self._running().on_timeout(soft, timeout)

    # --- how far it came ---------------------------------------------------------------------

    def look(self, now: float) -> None:
        """Of a bundle that is late: tell what has ended, and take back what has not begun.

        `now` is a time.monotonic().
        """
        if self.closed or not self._pid or now < self._deadline + _MARGIN_SECONDS:
            return
        self._deliver()
        if self._has_running:
            self._running()
        self._take_back(self.members[self._ended + 1 :])
        del self.members[self._ended + 1 :]

    @property
    def _has_running(self) -> bool:
        return self._region.running == self._ended < len(self.members)

    def _running(self) -> JobRequest:
        """The member that the child is at, known as begun."""
        member = self.members[self._ended]
        if member.time_start is None:
            member.on_accepted(self._pid, time.monotonic())
        return member

    def _deliver(self) -> None:
        for after, outcome in self._region.outcomes(self._read):
            member = self.members[self._ended]
            self._read, self._ended = after, self._ended + 1
            if member.time_start is None:
                member.worker_pid = self._pid
                member.count_start(outcome[3].started_at.timestamp())
            member.on_success(outcome)

    def _take_back(self, members: Sequence[JobRequest]) -> None:
        waiting = [member for member in members if not member.ended]
        for member in waiting:
            member.come_back()
        self._home.ledger.take_again(waiting)

    def _close(self, *, at_rest: bool = True) -> None:
        if self.closed:
            return
        self.closed = True
        self._take_back(self.members[self._ended :])
        self._home.bundle_closed(self, self._region, at_rest=at_rest)

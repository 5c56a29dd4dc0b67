"""A job that replaced itself by a chain or a chord: its last step will carry the job's own id."""

from jobs.models import Job
from jobs.states import State, WaitingFor


def hand_on(id: str, *, worker: str, attempt: int) -> bool:
    """Running → waiting for its successor; in the transaction that submits what replaces it.

    False if it is somebody else's by now, or is to be cancelled.
    """
    mine = Job.objects.filter(
        id=id,
        worker=worker,
        state__in=(State.RUNNING, State.QUEUED),
        attempt__in=(attempt, attempt - 1),
        cancel_requested_at=None,  # nobody would ever claim its successor
    )
    return (
        mine.update(
            state=State.SCHEDULED,
            waiting_for=WaitingFor.SUCCESSOR,
            worker="",
            attempt=attempt,
            claimed_at=None,
        )
        == 1
    )

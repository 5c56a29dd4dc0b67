"""Every error that this application raises on purpose. No I/O, no imports of our own.

The docstring of a class is its default message; adapters (API, pages, admin, commands) translate
these in one place each, so a sentence written here is what a person reads.
"""


class HachiError(Exception):
    """Something went wrong in the job system."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or self.sentence())

    @classmethod
    def sentence(cls) -> str:
        """The first paragraph of the docstring."""
        return (cls.__doc__ or "").strip().partition("\n\n")[0]


class WorkError(HachiError):
    """The work itself cannot be done with this input."""


class SubmitError(HachiError):
    """The job was refused before anything was written."""


class InvalidArguments(SubmitError):
    """The arguments do not fit the task."""

    def __init__(self, message: str, argument: str = "") -> None:
        super().__init__(message)
        #: The argument at fault, as the task names it: "size", or "args[2]" when it has no name.
        self.argument = argument


class InvalidRetryRule(SubmitError):
    """The retry rules of a task make no sense."""


class UnknownTask(SubmitError):
    """No task has this name."""


class MessageTooLarge(SubmitError):
    """The arguments are larger than a job may carry. Store the data and pass its key."""


class TaskNotPublic(SubmitError):
    """This task cannot be called from outside. Mark it with public=True if it should."""


class DatabaseUnavailable(SubmitError):
    """The job was not accepted: the database does not answer. Try again when it is back.

    Should the database have been lost in the very moment of the commit, the job may be there after
    all: give calls that must not happen twice an idempotency_key.
    """


class BatchNotFound(SubmitError):
    """There is no such batch."""


class BatchClosed(SubmitError):
    """The batch takes no more jobs."""


class JobNotFound(HachiError):
    """No job has this id."""


class KeyOfAnotherTask(SubmitError):
    """The idempotency key was used for another task."""


class TooLateToReplace(SubmitError):
    """The job that has the unique key has begun: it cannot take new arguments."""


class UniqueKeyBusy(SubmitError):
    """The unique key changed hands each time it was asked for. Try again."""


class UniqueKeyTaken(HachiError):
    """Another job has the unique key, so this one cannot run beside it."""


class LaneNotFound(HachiError):
    """There is no such lane."""


class InvalidLimit(SubmitError):
    """A lane cannot be like this."""


class BulkActionNotFound(HachiError):
    """There is no such bulk action."""


class ScheduleNotFound(HachiError):
    """There is no such schedule."""


class JobCancelled(HachiError):
    """Raised inside a task by check_cancelled() when somebody has asked to cancel it."""


class TaskFailed(HachiError):
    """A job failed; the message has the type and text of the task's own error."""


class ClaimLost(HachiError):
    """This attempt is not the job's current one: it was taken for dead and runs elsewhere."""

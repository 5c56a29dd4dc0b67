"""What goes wrong with a recipe, with one picture, or with the place that pictures go to."""

import traceback
from typing import Literal

from jobs.errors import WorkError
from jobs.work.pipeline.failures import Failure, Stage

Trouble = Literal[
    "unreachable",  # nobody answers there
    "failing",  # it answers with errors of its own, or asks to slow down
    "full",  # no room left
    "credentials",  # it does not know us, or does not let us write
    "missing",  # the bucket or folder is not there
]


class BadRecipe(WorkError, ValueError):
    """The recipe cannot be used; `field` names the part at fault, as in `Recipe`."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field

    def __reduce__(self) -> tuple[type["BadRecipe"], tuple[str, str]]:
        return type(self), (self.field, str(self))


class ItemFailed(WorkError):
    """One picture did not make it. The message says why for a person, `failure` for a counter.

    `worth_retrying`: the same may succeed a little later. `retry_after`: seconds that the server
    asked for, as it said them.
    """

    def __init__(
        self,
        stage: Stage,
        failure: Failure,
        detail: str,
        *,
        worth_retrying: bool = False,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(detail)
        self.stage = stage
        self.failure = failure
        self.worth_retrying = worth_retrying
        self.retry_after = retry_after

    def __reduce__(self) -> tuple[object, ...]:
        # Errors cross from a child process to its parent, and keywords do not survive by default.
        return _rebuilt, (
            self.stage,
            self.failure,
            str(self),
            self.worth_retrying,
            self.retry_after,
        )


def _rebuilt(
    stage: Stage, failure: Failure, detail: str, worth_retrying: bool, retry_after: float | None
) -> ItemFailed:
    return ItemFailed(
        stage, failure, detail, worth_retrying=worth_retrying, retry_after=retry_after
    )


class DestinationDown(WorkError):
    """The place where pictures go takes none. This is about the place, not about any picture.

    `trouble` says what kind. `passes`: waiting may help; if not, a person must change something
    (credentials, the bucket's name) first.
    """

    def __init__(self, trouble: Trouble, message: str) -> None:
        super().__init__(message)
        self.trouble: Trouble = trouble

    @property
    def passes(self) -> bool:
        return self.trouble not in ("credentials", "missing")

    def __reduce__(self) -> tuple[type["DestinationDown"], tuple[Trouble, str]]:
        return type(self), (self.trouble, str(self))


class Halted(WorkError):
    """The chunk was told to stop while this was going on."""


def forget_frames(error: BaseException) -> None:
    """Let go of what the functions that raised an error had in hand: pictures, as a rule.

    Errors and frames know each other in circles, and what is in a circle lies about until the next
    full collection, which in a process that handles few but large objects is late.
    """
    link: BaseException | None = error
    while link is not None:
        traceback.clear_frames(link.__traceback__)
        link.__traceback__ = None
        link = link.__cause__ or link.__context__

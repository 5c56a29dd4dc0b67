"""Why a page cannot be read."""

from enum import StrEnum

from jobs.errors import WorkError


class PageFailure(StrEnum):
    BAD_URL = "bad_url"
    NOT_A_PAGE = "not_a_page"
    TOO_LARGE = "too_large"
    TOO_COMPLEX = "too_complex"


class BadPage(WorkError):
    """This is not a page that can be read. Trying again does not help."""

    def __init__(self, reason: PageFailure, message: str) -> None:
        super().__init__(message)
        self.reason = reason

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.reason, str(self))

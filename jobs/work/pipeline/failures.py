"""The stages of the work and the short list of ways in which an item fails. No I/O."""

from enum import StrEnum


class Stage(StrEnum):
    """Where an item is, or where it failed."""

    DOWNLOAD = "download"
    COMPOSE = "compose"
    UPLOAD = "upload"


class Failure(StrEnum):
    """Why an item failed: a closed set, fit for a database column, a counter and a page."""

    BAD_URL = "bad_url"
    BLOCKED = "blocked"
    UNREACHABLE = "unreachable"
    NOT_FOUND = "not_found"
    REFUSED = "refused"
    BUSY = "busy"
    SERVER_ERROR = "server_error"
    TOO_SLOW = "too_slow"
    REDIRECTS = "redirects"
    TOO_LARGE = "too_large"
    NOT_AN_IMAGE = "not_an_image"
    BROKEN_IMAGE = "broken_image"
    OVERSIZED = "oversized"
    REJECTED = "rejected"
    INTERNAL = "internal"

    @property
    def words(self) -> str:
        """The class in a few words for a person, fit for a heading over its items."""
        return WORDS[self]


WORDS = {
    Failure.BAD_URL: "Not a URL that can be downloaded",
    Failure.BLOCKED: "Leads to an address that is not public",
    Failure.UNREACHABLE: "The server cannot be reached",
    Failure.NOT_FOUND: "Nothing there (404)",
    Failure.REFUSED: "The server refuses",
    Failure.BUSY: "The server asks to come later",
    Failure.SERVER_ERROR: "The server has an error",
    Failure.TOO_SLOW: "Too slow",
    Failure.REDIRECTS: "Too many redirects",
    Failure.TOO_LARGE: "More bytes than allowed",
    Failure.NOT_AN_IMAGE: "Not a picture",
    Failure.BROKEN_IMAGE: "A damaged picture",
    Failure.OVERSIZED: "A picture of more pixels, frames or scans than allowed",
    Failure.REJECTED: "The destination does not take this file",
    Failure.INTERNAL: "An error in the pipeline itself",
}

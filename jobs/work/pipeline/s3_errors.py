"""What the errors of an S3 server mean here."""

import re

from obstore.exceptions import (
    BaseError,
    InvalidPathError,
    PermissionDeniedError,
    UnauthenticatedError,
)

from jobs.work.pipeline.errors import DestinationDown, ItemFailed
from jobs.work.pipeline.failures import Failure, Stage

# obstore has no fields for these; the sentence of its error has them.
STATUS = re.compile(r"status code: ([0-9]{3})")
CODE = re.compile(r"<Code>([A-Za-z0-9]{1,60})</Code>")
FULL = frozenset({"XMinioStorageFull", "QuotaExceeded", "InsufficientStorage"})
ABOUT_THE_FILE = frozenset(
    {"EntityTooLarge", "KeyTooLongError", "InvalidObjectName", "XMinioInvalidObjectName"}
)
ABOUT_US = frozenset(
    {"AuthorizationHeaderMalformed", "InvalidAccessKeyId", "RequestTimeTooSkewed", "InvalidToken"}
)


def judged(error: Exception) -> DestinationDown | ItemFailed:
    """Say whether an error of obstore is about one object or about the place, and which kind."""
    text = str(error).partition("Debug source")[0]
    found, code = STATUS.search(text), CODE.search(text)
    status = int(found[1]) if found else 0
    name = code[1] if code else ""
    if isinstance(error, InvalidPathError) or status == 413 or name in ABOUT_THE_FILE:
        return ItemFailed(Stage.UPLOAD, Failure.REJECTED, "The bucket does not take this file.")
    if isinstance(error, FileNotFoundError):
        return DestinationDown("missing", "The bucket does not exist.")
    if isinstance(error, PermissionDeniedError | UnauthenticatedError) or name in ABOUT_US:
        return DestinationDown(
            "credentials", f"The bucket refuses us ({name or status}). Check its keys and region."
        )
    if "redirect" in text:
        return DestinationDown("missing", "The bucket is in another region than the settings say.")
    if status == 507 or name in FULL:
        return DestinationDown("full", "The bucket's server has no room left.")
    return _failing(error, status, name)


def _failing(error: Exception, status: int, name: str) -> DestinationDown:
    if status:
        said = " ".join(filter(None, (str(status), name)))
        return DestinationDown("failing", f"The bucket's server has an error ({said}).")
    if isinstance(error, BaseError):
        return DestinationDown("unreachable", "The bucket's server cannot be reached.")
    return DestinationDown("failing", f"The bucket cannot be used ({type(error).__name__}).")

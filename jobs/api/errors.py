"""Every error of the API: one table from error to HTTP status, one shape of the answer."""

import logging
from typing import Any

from django.core.exceptions import (
    RequestDataTooBig,
    SuspiciousOperation,
)
from django.db import InterfaceError, OperationalError
from django.http import JsonResponse, UnreadablePostError
from django.http.multipartparser import MultiPartParserError

from jobs import errors
from jobs.operations.pipelines.folders import FolderTaken
from jobs.operations.pipelines.retry import NotFinished, NothingToRetry
from jobs.operations.pipelines.start import BadFolder
from jobs.operations.pipelines.templates import TemplateGone
from jobs.queries.pipelines import PipelineNotFound
from jobs.queries.status import PictureNotFound
from jobs.tasks.destinations import UnknownDestination
from jobs.tasks.pages import BadUrl
from jobs.work.images import BadImage, BadSize
from jobs.work.pipeline import BadRecipe
from jobs.work.url_lists import BadUrlList

logger = logging.getLogger(__name__)

DATABASE_DOWN = "The database does not answer. Try again in a moment."
TOO_LARGE = "The request is larger than this address takes. Send less at once."
NOT_READABLE = "The body cannot be read. Send it whole, in the format that its Content-Type names."
INTERNAL = "Something went wrong on our side. The log of the web process says what."

#: Error class: HTTP status, code, message (None: the error's own), argument at fault.
_TABLE: dict[type[Exception], tuple[int, str, str | None, str]] = {
    errors.InvalidArguments: (400, "invalid_arguments", None, ""),
    errors.UnknownTask: (400, "unknown_task", None, "task"),
    errors.TaskNotPublic: (403, "task_not_public", None, "task"),
    errors.MessageTooLarge: (413, "too_large", None, ""),
    errors.DatabaseUnavailable: (503, "database_unavailable", DATABASE_DOWN, ""),
    errors.SubmitError: (400, "refused", None, ""),
    errors.KeyOfAnotherTask: (409, "key_taken", None, "idempotency_key"),
    errors.TooLateToReplace: (409, "too_late", None, "on_conflict"),
    errors.UniqueKeyBusy: (409, "key_taken", None, ""),
    errors.UniqueKeyTaken: (409, "key_taken", None, ""),
    errors.LaneNotFound: (404, "not_found", None, ""),
    errors.BatchClosed: (409, "batch_closed", None, ""),
    errors.BatchNotFound: (404, "not_found", None, ""),
    errors.BulkActionNotFound: (404, "not_found", None, ""),
    errors.JobNotFound: (404, "not_found", None, ""),
    PictureNotFound: (404, "not_found", None, ""),
    BadImage: (400, "bad_image", None, "file"),
    BadSize: (400, "bad_size", None, "sizes"),
    BadUrl: (400, "bad_url", None, "url"),
    BadUrlList: (400, "bad_url", None, "urls"),
    BadRecipe: (400, "invalid_value", None, "recipe"),
    BadFolder: (400, "invalid_value", None, "folder"),
    FolderTaken: (409, "folder_taken", None, "folder"),
    TemplateGone: (400, "invalid_value", None, "template"),
    UnknownDestination: (400, "invalid_value", None, "destination"),
    PipelineNotFound: (404, "not_found", None, ""),
    NotFinished: (409, "not_finished", None, ""),
    NothingToRetry: (409, "nothing_to_retry", None, ""),
    OperationalError: (503, "database_unavailable", DATABASE_DOWN, ""),
    InterfaceError: (503, "database_unavailable", DATABASE_DOWN, ""),
    RequestDataTooBig: (413, "too_large", TOO_LARGE, ""),
    SuspiciousOperation: (400, "malformed", NOT_READABLE, ""),
    MultiPartParserError: (400, "malformed", NOT_READABLE, ""),
    UnreadablePostError: (400, "malformed", NOT_READABLE, ""),
}
#: Lines of a list that an error names.
_MOST_LINES = 10
_BAD_IMAGES = {"too_large": (413, "too_large"), "format": (415, "unsupported_format")}


class ApiError(Exception):
    """An answer that only HTTP knows: the wrong method, no token, a malformed body."""

    def __init__(self, status: int, code: str, message: str, argument: str = "") -> None:
        super().__init__(message)
        self.status, self.code, self.argument = status, code, argument
        self.headers: dict[str, str] = {}


def answer(error: Exception) -> JsonResponse:
    """The answer that tells a program what went wrong, and a person what to do."""
    if not isinstance(error, ApiError):
        error = _translated(error)
    body: dict[str, Any] = {"code": error.code, "message": str(error)}
    if error.argument:
        body["argument"] = error.argument
    headers = {"Cache-Control": "no-store", **error.headers}
    return JsonResponse({"error": body}, status=error.status, headers=headers)


def _translated(error: Exception) -> ApiError:
    row = next((_TABLE[kind] for kind in type(error).__mro__ if kind in _TABLE), None)
    if row is None:
        logger.error("The API failed.", exc_info=error)
        return ApiError(500, "internal", INTERNAL)
    status, code, message, argument = row
    if isinstance(error, BadImage):
        status, code = _BAD_IMAGES.get(error.reason, (status, code))
    if isinstance(error, errors.InvalidArguments):
        argument = error.argument
    if isinstance(error, BadRecipe):
        argument = f"recipe.{error.field}" if error.field != "template" else "template"
    text = message or str(error)
    if isinstance(error, BadUrlList):
        text = " ".join([text, *(f"{problem}." for problem in error.problems[:_MOST_LINES])])
    found = ApiError(status, code, text, argument)
    if status == 503:
        logger.warning("The API answers 503: %s", error)
        found.headers["Retry-After"] = "5"
    return found

"""From the errors of downloads and pictures to the short list."""

from jobs.work.fetch import FailureClass, FetchError
from jobs.work.images import BadImage, Reason
from jobs.work.pipeline.errors import ItemFailed
from jobs.work.pipeline.failures import Failure, Stage

OF_FETCH: dict[FailureClass, Failure] = {
    FailureClass.BLOCKED_ADDRESS: Failure.BLOCKED,
    FailureClass.BAD_URL: Failure.BAD_URL,
    FailureClass.DNS: Failure.UNREACHABLE,
    FailureClass.CONNECT: Failure.UNREACHABLE,
    FailureClass.TLS: Failure.UNREACHABLE,
    FailureClass.PROTOCOL: Failure.UNREACHABLE,
    FailureClass.TIMEOUT: Failure.TOO_SLOW,
    FailureClass.TOO_SLOW: Failure.TOO_SLOW,
    FailureClass.TOO_LARGE: Failure.TOO_LARGE,
    FailureClass.TOO_MANY_REDIRECTS: Failure.REDIRECTS,
}
OF_STATUS: dict[int, Failure] = {
    404: Failure.NOT_FOUND,
    410: Failure.NOT_FOUND,
    408: Failure.BUSY,
    425: Failure.BUSY,
    429: Failure.BUSY,
}
OF_IMAGE: dict[Reason, Failure] = {
    "empty": Failure.NOT_AN_IMAGE,
    "format": Failure.NOT_AN_IMAGE,
    "too_large": Failure.TOO_LARGE,
    "pixels": Failure.OVERSIZED,
    "scans": Failure.OVERSIZED,
    "frames": Failure.OVERSIZED,
    "memory": Failure.OVERSIZED,
    "truncated": Failure.BROKEN_IMAGE,
    "broken": Failure.BROKEN_IMAGE,
}


def download_failed(error: FetchError) -> ItemFailed:
    """The failure of an item whose download ended with this error."""
    return ItemFailed(
        Stage.DOWNLOAD,
        _of_status(error.status) if error.status is not None else OF_FETCH[error.reason],
        str(error),
        worth_retrying=error.retryable,
        retry_after=error.retry_after,
    )


def compose_failed(error: BadImage) -> ItemFailed:
    """The failure of an item whose picture cannot be used. A retry never helps."""
    return ItemFailed(Stage.COMPOSE, OF_IMAGE[error.reason], str(error))


def _of_status(status: int) -> Failure:
    fallback = Failure.SERVER_ERROR if status >= 500 else Failure.REFUSED
    return OF_STATUS.get(status, fallback)

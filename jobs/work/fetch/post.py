"""Send a small JSON text to a URL that a person gave us, by the same rules as a download."""

import pycurl

from jobs.work.fetch.failures import bad_status
from jobs.work.fetch.options import Request
from jobs.work.fetch.policy import Policy
from jobs.work.fetch.transfer import Transfer
from jobs.work.fetch.urls import acceptable


class _Post(Transfer):
    def __init__(self, request: Request, body: bytes) -> None:
        super().__init__(request)
        self._to_send = body

    def _set_callbacks(self, curl: pycurl.Curl) -> None:
        super()._set_callbacks(curl)
        curl.setopt(pycurl.POSTFIELDS, self._to_send)
        curl.setopt(pycurl.HTTPHEADER, ["Content-Type: application/json", "Expect:"])


def post_json(url: str, body: str, policy: Policy) -> int:
    """POST `body`; returns the 2xx status, or raises FetchError. Redirects are not followed."""
    target = acceptable(url, policy)
    transfer = _Post(Request(target, policy, None, policy.total_seconds), body.encode())
    transfer.run()
    if not transfer.answer.is_success:
        raise bad_status(transfer.answer.status, None)
    return transfer.answer.status

"""Download a URL that a stranger gave us, without reaching into our own network.

`fetch(url, policy)` returns a `Fetched` or raises a `FetchError` that says why, and whether trying
again later is worth it. The check that counts happens where a socket is opened to a concrete
address, so that no name, redirect, spelling or second lookup gets around it. `Fetcher` has many
downloads under way at a time, in one thread.
"""

from jobs.work.fetch.download import Fetched, fetch
from jobs.work.fetch.failures import FailureClass, FetchError
from jobs.work.fetch.fetcher import Fetcher, Moved
from jobs.work.fetch.policy import Policy

__all__ = ["FailureClass", "FetchError", "Fetched", "Fetcher", "Moved", "Policy", "fetch"]

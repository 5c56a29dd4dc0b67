"""Read what a page says: title, text, links. The bytes are a stranger's and may be hostile.

`canonical(url)` gives one key per page; `extract(body, url, …)` returns `PageContent` or raises
`BadPage`. A parser in C cannot be interrupted: the checks here keep its work to about a second,
and the hard time limit of the job stands behind them.
"""

from jobs.work.pages.content import Link, PageContent
from jobs.work.pages.extraction import extract
from jobs.work.pages.failures import BadPage, PageFailure
from jobs.work.pages.keys import canonical

__all__ = ["BadPage", "Link", "PageContent", "PageFailure", "canonical", "extract"]

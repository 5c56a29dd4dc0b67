"""Pages made to keep a parser busy, told apart before parsing.

A parser compares every attribute of a tag with all others of that tag, walks up the open elements
for many a tag, and opens forgotten <font>s again in every new paragraph. Each of these grows with
the square of the page. So their sums are estimated here, always from above: what could count,
counts.
"""

import re

from jobs.work.pages.failures import BadPage, PageFailure
from jobs.work.pages.nesting import nesting

MAX_BYTES = 2_000_000
# Each of these is worth about half a second of parsing.
MAX_COMPARISONS = 400_000_000  # one tag of 20,000 attributes, or 100 tags of 2,000
MAX_STEPS = 200_000_000  # 20,000 nested elements, or 2,000 around 100,000
MAX_REOPENED = 500_000

#: 100 attributes at most: not worth counting.
SHORT_TAG_BYTES = 256

# A lookahead, so that values found from a stray quote do not hide the true ones behind it.
QUOTED_ENDS = (
    re.compile(rb"(?==\s*\"([^\">]*>[^\"]*))"),
    re.compile(rb"(?==\s*'([^'>]*>[^']*))"),
)
SEPARATORS = b" \t\n\f\r/\"'"


def require_harmless(body: bytes, text: str) -> None:
    """Raise BadPage if these bytes, or the text that they stand for, would cost too much."""
    if len(body) > MAX_BYTES:
        raise BadPage(PageFailure.TOO_LARGE, f"The page is larger than {MAX_BYTES:,} bytes.")
    if comparisons(text.encode()) > MAX_COMPARISONS:
        raise BadPage(PageFailure.TOO_COMPLEX, "A tag of the page has too many attributes.")
    steps, reopened = nesting(text)
    if steps > MAX_STEPS or reopened > MAX_REOPENED:
        raise BadPage(PageFailure.TOO_COMPLEX, "The elements of the page are nested too deeply.")


def comparisons(html: bytes) -> int:
    """At least the number of comparisons that the attributes of this page cause.

    A tag ends at the first ">" that is not inside a quoted value. Instead of following the quotes
    from the start of the page (a comment with one stray quote would lead that astray), every ">"
    that could be inside a value is taken to be.
    """
    masked = bytearray(html)
    for pattern in QUOTED_ENDS:
        for match in pattern.finditer(html):
            start, end = match.span(1)
            masked[start:end] = masked[start:end].replace(b">", b"_")
    long = (segment for segment in masked.split(b">") if len(segment) > SHORT_TAG_BYTES)
    return sum(_separators(segment) ** 2 for segment in long)


def _separators(segment: bytearray) -> int:
    tag = segment[segment.find(b"<") :] if b"<" in segment else b""
    return len(tag) - len(tag.translate(None, SEPARATORS))

"""From the bytes of a page to what it says."""

from selectolax.lexbor import LexborHTMLParser

from jobs.work.pages.charsets import decoded
from jobs.work.pages.content import MAX_TEXT_CHARACTERS, PageContent, folded
from jobs.work.pages.failures import BadPage, PageFailure
from jobs.work.pages.head import (
    canonical_url,
    description,
    language,
    noindex,
    title,
)
from jobs.work.pages.hostile import require_harmless
from jobs.work.pages.links import links

HTML = frozenset({"text/html", "application/xhtml+xml"})
PLAIN = frozenset({"text/plain"})
UNSEEN = ["script", "style", "template"]
# A reader sees a break here, so words on both sides must not grow together. Elements within a
# line (<b>, <a>, <ruby>) get none: Japanese has no spaces to spare.
BREAKS = (
    "address,article,aside,blockquote,br,button,caption,dd,details,div,dl,dt,fieldset,figcaption,"
    "figure,footer,form,h1,h2,h3,h4,h5,h6,header,hr,img,legend,li,main,nav,ol,option,p,pre,"
    "section,select,summary,table,td,textarea,th,tr,ul"
)


def extract(body: bytes, url: str, content_type: str, charset: str | None) -> PageContent:
    """Read a page that came from `url`; BadPage if it is none, or too large or complex.

    `content_type` and `charset` are what the server said ("" and None if nothing). Plain text
    counts as a page whose first line is its title.
    """
    kind = _kind(content_type, body)
    text = decoded(body, charset)
    require_harmless(body, text)
    return _plain(text) if kind in PLAIN else _html(text, url)


def _kind(content_type: str, body: bytes) -> str:
    said = content_type.split(";")[0].strip().lower()
    looks_like_html = body[:512].lstrip().startswith(b"<")
    kind = said or ("text/html" if looks_like_html else "")
    if kind not in HTML | PLAIN:
        raise BadPage(PageFailure.NOT_A_PAGE, f"This is not a page but {kind[:100] or 'unknown'}.")
    if b"\0" in body[:512] and body[:2] not in (b"\xff\xfe", b"\xfe\xff"):
        raise BadPage(PageFailure.NOT_A_PAGE, f"This is not a page but binary data sent as {kind}.")
    return kind


def _plain(text: str) -> PageContent:
    title = next((line for line in text.splitlines() if line.strip()), "")
    return PageContent(
        title=folded(title),
        description="",
        text=folded(text, MAX_TEXT_CHARACTERS),
        links=(),
        language="",
        canonical_url=None,
        noindex=False,
    )


def _html(text: str, url: str) -> PageContent:
    tree = LexborHTMLParser(text)
    tree.strip_tags(UNSEEN)
    return PageContent(
        title=title(tree),
        description=description(tree),
        language=language(tree),
        canonical_url=canonical_url(tree, url),
        noindex=noindex(tree),
        links=links(tree, url),
        text=_text(tree),  # last: it changes the tree
    )


def _text(tree: LexborHTMLParser) -> str:
    if tree.body is None:
        return ""
    for node in tree.body.css(BREAKS):
        node.insert_before("\n")
        node.insert_after("\n")
    return folded(tree.body.text(separator=""), MAX_TEXT_CHARACTERS)

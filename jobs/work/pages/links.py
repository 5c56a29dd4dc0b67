"""Where a page leads."""

from urllib.parse import urljoin

from selectolax.lexbor import LexborHTMLParser, LexborNode

from jobs.work.pages.content import MAX_LINKS, Link, folded
from jobs.work.pages.failures import BadPage
from jobs.work.pages.keys import canonical

MAX_HREF_CHARACTERS = 8_000


def links(tree: LexborHTMLParser, url: str) -> tuple[Link, ...]:
    """The first MAX_LINKS different http(s) links; the text is the first that is not empty."""
    base = base_url(tree, url)
    found: dict[str, str] = {}
    for href, nodes in _by_href(tree).items():
        if len(found) == MAX_LINKS:
            break
        target = absolute(base, href)
        if target is not None:
            found[target] = found.get(target) or _text(nodes)
    return tuple(Link(target, text) for target, text in found.items())


def base_url(tree: LexborHTMLParser, url: str) -> str:
    """The URL that relative links start from: the page's, or what its <base> says."""
    node = tree.css_first("base[href]")
    href = node.attributes.get("href") if node else None
    return (absolute(url, href) if href else None) or url


def absolute(base: str, href: str) -> str | None:
    """The canonical URL of a link, or None if it does not lead to a page."""
    try:
        return canonical(urljoin(base, href.strip()))
    except (ValueError, BadPage):
        return None


def _by_href(tree: LexborHTMLParser) -> dict[str, list[LexborNode]]:
    # Pages repeat their links; joining URLs is the dearest step, so it is done once for each.
    grouped: dict[str, list[LexborNode]] = {}
    for node in tree.css("a[href], area[href]"):
        href = node.attributes.get("href")
        if href and len(href) <= MAX_HREF_CHARACTERS:
            grouped.setdefault(href, []).append(node)
    return grouped


def _text(nodes: list[LexborNode]) -> str:
    texts = (folded(node.text() or node.attributes.get("alt") or "") for node in nodes)
    return next((text for text in texts if text), "")

"""What a page says about itself."""

import re

from selectolax.lexbor import LexborHTMLParser

from jobs.work.pages.content import folded
from jobs.work.pages.links import absolute, base_url

LANGUAGE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,4}")


def title(tree: LexborHTMLParser) -> str:
    # Not any <title>: drawings (SVG) have titles too.
    node = tree.css_first("head > title")
    return (folded(node.text()) if node else "") or _meta(tree, 'property="og:title" i')


def description(tree: LexborHTMLParser) -> str:
    named = _meta(tree, 'name="description" i')
    return named or _meta(tree, 'property="og:description" i')


def language(tree: LexborHTMLParser) -> str:
    root = tree.root
    said = (root.attributes.get("lang") or "").strip() if root else ""
    return said if LANGUAGE.fullmatch(said) else ""


def canonical_url(tree: LexborHTMLParser, url: str) -> str | None:
    node = tree.css_first('link[rel~="canonical" i][href]')
    href = node.attributes.get("href") if node else None
    return absolute(base_url(tree, url), href) if href else None


def noindex(tree: LexborHTMLParser) -> bool:
    """Whether a robots meta element says noindex (or none, which means the same and more)."""
    nodes = tree.css('meta[name="robots" i][content]')
    said = ",".join(node.attributes.get("content") or "" for node in nodes)
    return not {"noindex", "none"}.isdisjoint(re.split(r"[\s,]+", said.lower()))


def _meta(tree: LexborHTMLParser, which: str) -> str:
    node = tree.css_first(f"meta[{which}][content]")
    return folded(node.attributes.get("content") or "") if node else ""

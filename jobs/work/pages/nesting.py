"""How deep the elements of a page are nested, estimated from above without parsing it."""

import re
from collections import Counter

#: So few tags cost nothing that is worth an estimate.
FEW_TAGS = 1_400
#: Markup inside scripts, comments and values is balanced by itself; inside of that it is not.
INNER_LEVELS = 1

ATTRIBUTES = r"""(?:=\s*"[^"]*+(?:"|\Z)|=\s*'[^']*+(?:'|\Z)|[^>])*+"""
TOKEN = re.compile(
    r"<!--.*?(?:-->|\Z)"
    r"|<(script|style|textarea|title|xmp|iframe|noembed|noframes)(?=[\s/>])"
    + ATTRIBUTES
    + r">.*?(?:</\1|\Z)"
    r"|</?[a-z]" + ATTRIBUTES + r"|</?[^a-z][^>]*+",
    re.DOTALL | re.IGNORECASE,
)
NAME = re.compile(r"</?([a-zA-Z][^\s/>]{0,30})")
START = re.compile(r"<([a-zA-Z][^\s/>]{0,30})")
VOID = "area base br col embed hr img input link meta source track wbr"
CLOSED_BY_THE_NEXT = "a dd dt li option p tbody td tfoot th thead tr"
#: Never open around their like.
FLAT = frozenset(f"{VOID} {CLOSED_BY_THE_NEXT}".split())
#: Left open, they return in every paragraph that follows.
REOPENED = frozenset(
    ["b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u"]
)


def nesting(html: str) -> tuple[int, int]:
    """Open elements, and open elements that paragraphs repeat, each summed over all tags."""
    if html.count("<") <= FEW_TAGS:
        return 0, 0
    elements = Elements()
    elements.read(html, INNER_LEVELS)
    return elements.steps, elements.reopened


class Elements:
    """The elements that may be open at some point of a page.

    Start tags count wherever they stand, even in a script, a comment or a value. An end tag counts
    only for an element of its name that was opened in the same place, so that none of these can
    hide what is open outside.
    """

    def __init__(self, depth: int = 0, formatting: int = 0) -> None:
        self.opened: Counter[str] = Counter()
        self.depth = depth
        self.formatting = formatting
        self.steps = 0
        self.reopened = 0

    def read(self, html: str, levels: int) -> None:
        """Follow the tags of `html`, and what stands inside of them `levels` further down."""
        for token in TOKEN.finditer(html):
            text = token[0]
            name = NAME.match(text)
            if name and not token[1]:  # a script and its like come with their end
                self._tag(name[1].lower(), -1 if text.startswith("</") else 1)
            inside = text[name.end() if name else 1 :]
            if "<" in inside:
                self._read_inside(inside, levels)

    def _tag(self, name: str, change: int) -> None:
        if name not in FLAT and self.opened[name] + change >= 0:
            self.opened[name] += change
            self.depth += change
            self.formatting += change if name in REOPENED else 0
        self.steps += self.depth
        self.reopened += self.formatting

    def _read_inside(self, html: str, levels: int) -> None:
        if not levels:
            for start in START.findall(html):
                self._tag(start.lower(), 1)
            return
        inner = Elements(self.depth, self.formatting)
        inner.read(html, levels - 1)
        self.opened.update(inner.opened)
        self.depth, self.formatting = inner.depth, inner.formatting
        self.steps += inner.steps
        self.reopened += inner.reopened

"""What was read from a page."""

from dataclasses import dataclass

MAX_TEXT_CHARACTERS = 1_000_000
MAX_LINE_CHARACTERS = 1_000
MAX_LINKS = 1_000


@dataclass(frozen=True, slots=True)
class Link:
    """An http(s) link: its canonical URL and the text that a reader clicks on."""

    url: str
    text: str


@dataclass(frozen=True, slots=True)
class PageContent:
    """All texts are folded to single spaces and capped; "" stands for "the page does not say"."""

    title: str
    description: str
    text: str
    #: Each page once, in order of appearance.
    links: tuple[Link, ...]
    #: As in the lang attribute, like "ja" or "en-GB".
    language: str
    #: Where the page says that it belongs, in canonical form.
    canonical_url: str | None
    #: The page asks search engines not to list it.
    noindex: bool


def folded(text: str, limit: int = MAX_LINE_CHARACTERS) -> str:
    """One line: white space becomes single spaces, at most `limit` characters."""
    return " ".join(text.replace("\0", "").split())[:limit].rstrip()

"""Pages that renew themselves: made of sections, of which only those that changed are sent.

A poller on the page asks every second or two and says which sections it has, by their marks.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from django.contrib.messages import get_messages
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.safestring import SafeString, mark_safe
from django_htmx.http import HTMX_STOP_POLLING


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a page with an id of its own."""

    name: str
    html: SafeString
    tag: str = "div"

    @property
    def mark(self) -> str:
        return blake2b(self.html.encode(), digest_size=4).hexdigest()

    def __str__(self) -> str:
        return format_html("<{0} id='{1}'>{2}</{0}>", self.tag, self.name, self.html)

    def out_of_band(self) -> SafeString:
        # Rows of a table survive parsing only inside a template.
        return format_html(
            '<template><{0} id="{1}" hx-swap-oob="true">{2}</{0}></template>',
            self.tag,
            self.name,
            self.html,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """The sections of a page, where to ask for newer ones, and how often."""

    sections: Sequence[Section]
    url: str
    #: What to say besides the marks when asking.
    query: Sequence[tuple[str, str]] = ()
    #: Seconds between two questions; None once nothing can change any more.
    every: int | None

    def __getitem__(self, name: str) -> Section:
        for section in self.sections:
            if section.name == name:
                return section
        raise KeyError(name)  # a template looks for an attribute next

    @property
    def marks(self) -> str:
        return ".".join(section.mark for section in self.sections)

    @property
    def poll_url(self) -> str:
        return f"{self.url}?{urlencode([*self.query, ('seen', self.marks)])}"


def section(
    request: HttpRequest, name: str, template: str, context: Mapping[str, Any], *, tag: str = "div"
) -> Section:
    """A section rendered from a template."""
    html = render_to_string(template, {**context}, request).strip()
    return Section(name, mark_safe(html), tag)  # noqa: S308 - a template made it


def renewed(request: HttpRequest, board: Board) -> HttpResponse:
    """What the page does not have yet: 204 if it has all, 286 if nothing comes after this."""
    seen = request.GET.get("seen", "").split(".")
    has = dict(zip((s.name for s in board.sections), seen, strict=False))
    changed = [s for s in board.sections if has.get(s.name) != s.mark]
    if not changed and board.every:
        return HttpResponse(status=204)
    status = 200 if board.every else HTMX_STOP_POLLING
    return HttpResponse(_poller(request, board) + _joined(changed), status=status)


def replaced(request: HttpRequest, board: Board) -> HttpResponse:
    """Every section, as the answer to something that a person did on the page."""
    said = section(request, "notices", "jobs/parts/notices.html", {"messages": _messages(request)})
    poller = format_html("<template>{}</template>", _poller(request, board, out_of_band=True))
    return HttpResponse(poller + _joined([said, *board.sections]))


def _poller(request: HttpRequest, board: Board, *, out_of_band: bool = False) -> SafeString:
    context = {"board": board, "out_of_band": out_of_band}
    return render_to_string("jobs/parts/poller.html", context, request)


def _joined(sections: Sequence[Section]) -> SafeString:
    return mark_safe("".join(s.out_of_band() for s in sections))  # noqa: S308 - escaped above


def _messages(request: HttpRequest) -> Sequence[Any]:
    return list(get_messages(request))

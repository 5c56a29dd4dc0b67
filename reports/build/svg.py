"""The few shapes that charts are made of, as SVG text. Colours come from report.css by class."""

from collections.abc import Iterable
from html import escape


def rectangle(kind: str, x: float, y: float, width: float, height: float) -> str:
    return (
        f'<rect class="{kind}" x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}"/>'
    )


def line(kind: str, x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line class="{kind}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'


def text(words: str, x: float, y: float, *, anchor: str = "start", kind: str = "") -> str:
    named = f' class="{kind}"' if kind else ""
    return f'<text{named} x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(words)}</text>'


def group(parts: Iterable[str], *, tip: str) -> str:
    """Shapes that belong together; the tip shows when the pointer rests on them."""
    return f"<g><title>{escape(tip)}</title>{''.join(parts)}</g>"


def picture(
    name: str, parts: Iterable[str], *, width: int, height: int, title: str, told: str
) -> str:
    """The whole drawing. `told` says in words what it shows, for those who do not see it."""
    return (
        f'<svg class="report-chart report-chart-{name}" viewBox="0 0 {width} {height}" role="img" '
        f'aria-labelledby="chart-{name}-title chart-{name}-told">'
        f'<title id="chart-{name}-title">{escape(title)}</title>'
        f'<desc id="chart-{name}-told">{escape(told)}</desc>{"".join(parts)}</svg>'
    )

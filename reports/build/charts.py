"""The charts: jobs per hour as stacked bars, and how durations are spread."""

from collections.abc import Sequence

from reports.build import svg
from reports.build.distribution import Bucket
from reports.build.facts import Hour
from reports.build.wording import short, whole

#: Bottom of the stack first: failures stand on the line, where a few of them still show.
STACK = ("failed", "cancelled", "succeeded")
#: A handful among thousands must not vanish.
LEAST_HEIGHT = 1.5

WIDTH, TOP, LEFT, PLOT = 720, 12, 52, 168
ROW, LABEL, BAR = 22, 76, 200


def hourly_chart(hours: Sequence[Hour]) -> str:
    """Stacked bars of the jobs that ended in each hour, with a dash where submissions stand."""
    highest = max((max(hour.outcomes.finished, hour.submitted) for hour in hours), default=0)
    if not highest:
        return ""
    top = round_up(highest)
    step = (WIDTH - LEFT) / len(hours)
    parts = _scale(top)
    for number, hour in enumerate(hours):
        x = LEFT + number * step
        parts.append(svg.group(_bar(hour, x, step, top), tip=told(hour)))
        if hour.start.hour % 3 == 0 and not hour.start.minute:
            parts.append(
                svg.text(f"{hour.start:%H}", x + step / 2, TOP + PLOT + 20, anchor="middle")
            )
    return svg.picture(
        "hours",
        parts,
        width=WIDTH,
        height=TOP + PLOT + 28,
        title="Jobs per hour",
        told=_busiest(hours),
    )


def distribution_chart(name: str, title: str, buckets: Sequence[Bucket]) -> str:
    """One bar for each step of a duration, shortest first."""
    if not buckets:
        return ""
    most = max(bucket.count for bucket in buckets)
    total = sum(bucket.count for bucket in buckets)
    parts = []
    for number, bucket in enumerate(buckets):
        y = number * ROW
        length = max(BAR * bucket.count / most, LEAST_HEIGHT if bucket.count else 0)
        shapes = [
            svg.text(bucket.label, LABEL - 8, y + 15, anchor="end"),
            svg.rectangle("bar", LABEL, y + 3, length, ROW - 6),
            svg.text(whole(bucket.count), LABEL + length + 6, y + 15, kind="count"),
        ]
        parts.append(svg.group(shapes, tip=f"{bucket.label}: {bucket.count / total:.1%}"))
    words = ", ".join(f"{bucket.label}: {whole(bucket.count)}" for bucket in buckets)
    height = len(buckets) * ROW
    return svg.picture(name, parts, width=LABEL + BAR + 64, height=height, title=title, told=words)


def round_up(count: int) -> int:
    """The next number that divides an axis well: 1, 2, 4, 10, 20, 40, 100 and so on."""
    size: int = 10 ** (len(str(count)) - 1)
    return next(factor * size for factor in (1, 2, 4, 10) if factor * size >= count)


def told(hour: Hour) -> str:
    """An hour in one line, with the name of its clock: 02:00 comes twice in autumn."""
    ended = hour.outcomes
    return (
        f"{hour.start:%H:%M %Z}: {whole(ended.succeeded)} succeeded, {whole(ended.failed)} failed, "
        f"{whole(ended.cancelled)} cancelled; {whole(hour.submitted)} submitted"
    )


def _scale(top: int) -> list[str]:
    parts = []
    for value in (0, top // 2, top) if top > 1 else (0, top):
        y = TOP + PLOT * (1 - value / top)
        parts.append(svg.line("grid", LEFT, y, WIDTH, y))
        parts.append(svg.text(short(value), LEFT - 8, y + 4, anchor="end"))
    return parts


def _bar(hour: Hour, x: float, step: float, top: int) -> list[str]:
    # An unseen area over the whole height, so that the tip shows on small bars too.
    parts = [svg.rectangle("area", x, TOP, step, PLOT)]
    y = float(TOP + PLOT)
    for outcome in STACK:
        count: int = getattr(hour.outcomes, outcome)
        if count:
            height = max(PLOT * count / top, LEAST_HEIGHT)
            y -= height
            parts.append(svg.rectangle(outcome, x + step * 0.14, y, step * 0.72, height))
    if hour.submitted:
        y = TOP + PLOT * (1 - hour.submitted / top)
        parts.append(svg.line("submitted", x + step * 0.04, y, x + step * 0.96, y))
    return parts


def _busiest(hours: Sequence[Hour]) -> str:
    busiest = max(hours, key=lambda hour: hour.outcomes.finished)
    return f"{len(hours)} hours. The busiest: {told(busiest)}. The table below has each hour."

"""Numbers as a person reads them."""

import math


def duration(seconds: float | None) -> str:
    """ "3 ms", "1.2 s", "5 min 02 s", "3 h 20 min", "2 d 4 h", and "–" for none."""
    if seconds is None:
        return "–"
    # Each limit lies where the text above it would round up to the next unit.
    if seconds < 0.9995:
        milliseconds = seconds * 1000
        return f"{milliseconds:.0f} ms" if milliseconds >= 1 or not seconds else "< 1 ms"
    if seconds < 9.95:
        return f"{seconds:.1f}".removesuffix(".0") + " s"
    return _whole(round(seconds))


def _whole(seconds: int) -> str:
    minutes, second = divmod(seconds, 60)
    hours, minute = divmod(minutes, 60)
    days, hour = divmod(hours, 24)
    if days:
        return f"{days} d" + (f" {hour} h" if hour else "")
    if hours:
        return f"{hours} h" + (f" {minute:02} min" if minute else "")
    if minutes:
        return f"{minutes} min" + (f" {second:02} s" if second else "")
    return f"{second} s"


def percentage(rate: float | None) -> str:
    """Two digits, rounded down: one failure in a million never reads as 100 %."""
    if rate is None:
        return "–"
    return f"{math.floor(rate * 10_000 + 1e-9) / 100:.2f}".rstrip("0").rstrip(".") + " %"


def short(count: int) -> str:
    """ "900", "20k", "4M": for an axis, whose numbers are round."""
    for size, letter in ((1_000_000, "M"), (1_000, "k")):
        if count >= size and count % size == 0:
            return f"{count // size}{letter}"
    return str(count)


def whole(count: int) -> str:
    """ "1,234,567"."""
    return f"{count:,}"

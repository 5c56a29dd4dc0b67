"""What the figures of the image pipeline are meant to reach: ratios in one run, and megabytes."""

from collections.abc import Mapping

from jobs.work.images import Format

#: Pictures a CPU second, beside the straightforward program.
CPU_RATIOS = {Format.JPEG: 1.2, Format.PNG: 3.0}
#: Wall time of all stages side by side, beside that of the slowest alone.
OVERLAP = 1.3
#: The most memory along the way, beside the least.
MEMORY_RATIO = 1.1
PEAK_MEGABYTES = 300


def at_least(what: str, figure: float, wanted: float, unit: str = "x") -> str:
    """A line that says whether the figure is large enough."""
    return _line(figure >= wanted, f"{figure:.2f}{unit}, at least {wanted:.2f}{unit}: {what}")


def at_most(what: str, figure: float, wanted: float, unit: str = "x") -> str:
    """A line that says whether the figure is small enough."""
    return _line(figure <= wanted, f"{figure:.2f}{unit}, at most {wanted:.2f}{unit}: {what}")


def of_cpu(ratios: Mapping[Format, float]) -> list[str]:
    """The verdicts on pictures a CPU second beside the straightforward program, by format."""
    words = "pictures a CPU second, {}, beside the straightforward program"
    return [
        at_least(words.format(form), ratios[form], wanted)
        for form, wanted in CPU_RATIOS.items()
        if form in ratios
    ]


def of_overlap(ratio: float) -> list[str]:
    """The verdict on the stages side by side."""
    return [at_most("stages side by side, beside the slowest alone", ratio, OVERLAP)]


def of_memory(quarters: Mapping[str, float], peak: float, wrong: int) -> list[str]:
    """The verdicts on a long run: memory at each quarter and at its peak, and the classes."""
    ratio = max(quarters.values()) / min(quarters.values())
    return [
        at_most(f"memory at {', '.join(quarters)} %, the most by the least", ratio, MEMORY_RATIO),
        at_most("peak of memory", peak, PEAK_MEGABYTES, " MB"),
        _line(not wrong, f"{wrong} items in a wrong class, at most 0"),
    ]


def _line(reached: bool, text: str) -> str:
    return f"{'reached' if reached else 'MISSED ':7}  {text}"

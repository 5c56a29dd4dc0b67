"""Which tasks are short: measured by a worker's parent as their attempts end."""

#: A task all of whose latest runs took less than this is short.
_SHORT_SECONDS = 0.005
#: How many runs make a measure. One long run among them, and the task is not short for as many.
_RUNS = 32
#: What is handed over at once should take about this long, and be no more than so many.
_TOGETHER_SECONDS = 0.01
_MOST_TOGETHER = 32


class Pace:
    """How long the runs of each task took lately."""

    def __init__(self) -> None:
        self._measures: dict[str, _Measure] = {}

    def note(self, task: str, seconds: float) -> None:
        """An attempt of `task` has taken `seconds`."""
        measure = self._measures.get(task)
        if measure is None:
            measure = self._measures[task] = _Measure()
        measure.add(seconds)

    def together(self, task: str) -> int:
        """How many jobs of `task` may be handed to a child at once: 1 unless they are short."""
        measure = self._measures.get(task)
        if measure is None or measure.worst >= _SHORT_SECONDS:
            return 1
        return max(1, min(_MOST_TOGETHER, int(_TOGETHER_SECONDS / max(measure.mean, 1e-6))))


class _Measure:
    """The worst of the last 32 to 64 runs, and a moving mean."""

    __slots__ = ("_before", "_now", "_runs", "mean")

    def __init__(self) -> None:
        self._before = float("inf")  # nothing is short before it was measured
        self._now = 0.0
        self._runs = 0
        self.mean = 0.0

    def add(self, seconds: float) -> None:
        self._now = max(self._now, seconds)
        self.mean += (seconds - self.mean) / 16
        self._runs += 1
        if self._runs == _RUNS:
            self._before, self._now, self._runs = self._now, 0.0, 0

    @property
    def worst(self) -> float:
        return max(self._before, self._now)

"""Notes about jobs whose rows somebody else's transaction holds: they wait aside, in order."""

from collections.abc import Collection, Iterable, Sequence

from jobs.engine.worker.notes import Note, Refused

#: How long they are left alone, in seconds: at first, and at most when it is tried again and again.
_SOON = 1.0
_LATE = 15.0


class HeldUp:
    """What the ledger could not write because of a lock, by job. Used by its thread alone."""

    def __init__(self) -> None:
        self._notes: dict[str, list[Note]] = {}
        self._pause = _SOON
        self._look_at = 0.0

    def __bool__(self) -> bool:
        return bool(self._notes)

    @property
    def ids(self) -> list[str]:
        """The jobs that wait."""
        return list(self._notes)

    def put(self, notes: Iterable[Note], *, now: float) -> None:
        """Keep `notes` until their rows are free. `now` is a time.monotonic()."""
        self._pause = min(self._pause * 2, _LATE) if self._notes else _SOON
        self._look_at = now + self._pause
        for note in notes:
            self._notes.setdefault(job_of(note), []).append(note)

    def queue_behind(self, notes: Sequence[Note]) -> list[Note]:
        """`notes` without those that wait behind an earlier one of their job: an end, its start."""
        free = []
        for note in notes:
            waiting = self._notes.get(job_of(note))
            if waiting is None:
                free.append(note)
            else:
                waiting.append(note)
        return free

    def is_due(self, now: float) -> bool:
        """Whether it is time to look whether rows are free. `now` is a time.monotonic()."""
        return bool(self._notes) and now >= self._look_at

    def take(self, held: Collection[str], *, now: float) -> list[Note]:
        """The notes of all jobs but those whose rows are still `held`, each job's in order."""
        self._look_at = now + self._pause
        free = [id for id in self._notes if id not in held]
        return [note for id in free for note in self._notes.pop(id)]


def job_of(note: Note) -> str:
    """What notes of one job have in common. A message that was refused has no job yet."""
    return f"refused {id(note)}" if isinstance(note, Refused) else note.request.id

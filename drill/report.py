"""The report of a drill, for people."""

from collections.abc import Iterator, Sequence

from drill.checks import LONGEST_SECONDS, RECOVERY_SECONDS, Verdict
from drill.plan import Kind

_WIDTH = 22
#: So many jobs are named; the rest is counted.
_NAMED = 5


def report(verdict: Verdict, heading: str, *, begin: float) -> str:
    """The report as text. `begin` is when the load began, in seconds since 1970."""
    return "\n".join(
        [heading, "", *_figures(verdict), "", *_faults(verdict), "", _end(verdict, begin)]
    )


def _figures(verdict: Verdict) -> Iterator[str]:
    submitted, run = sum(verdict.submitted.values()), sum(verdict.run.values())
    sorts = ", ".join(f"{sort} {number:,}" for sort, number in sorted(verdict.submitted.items()))
    yield _line("submitted", f"{submitted:,}", sorts)
    yield _line("run", f"{run:,}")
    for name, jobs in verdict.wrong.items():
        yield _line(name, f"{len(jobs):,}", _named(jobs))
    yield _line("left unfinished", f"{verdict.unfinished:,}")
    yield _line("slowest recovery", _slowest(verdict), f"of at most {RECOVERY_SECONDS:g} s")
    yield _line("longest wait", f"{verdict.longest:.1f} s", f"of at most {LONGEST_SECONDS:g} s")
    yield _line("run again", f"{verdict.repeated:,}", "allowed: plain jobs run at least once")
    yield _line("answered", f"{verdict.answered:,}", "by the job that had the unique key")


def _line(name: str, figure: str, note: str = "") -> str:
    line = f"  {name:{_WIDTH}}{figure:>9}"
    return f"{line}   {note}" if note else line


def _named(jobs: Sequence[str]) -> str:
    more = f" and {len(jobs) - _NAMED} more" if len(jobs) > _NAMED else ""
    return ", ".join(jobs[:_NAMED]) + more


def _slowest(verdict: Verdict) -> str:
    return f"{verdict.slowest.seconds:.1f} s" if verdict.slowest else "-"


def _faults(verdict: Verdict) -> Iterator[str]:
    yield _line("faults", f"{sum(verdict.faults.values()):,}")
    for kind in Kind:
        if number := verdict.faults.get(kind):
            yield f"    {kind:36}{number:>5}"


def _end(verdict: Verdict, begin: float) -> str:
    lines = []
    if wait := verdict.slowest:
        cause = "no fault"
        if wait.hit:
            cause = f"{wait.hit.kind} ({wait.hit.whom}) at {wait.hit.at - begin:.1f} s"
        lines.append(
            f"The slowest was job {wait.job}, from {wait.since - begin:.1f} s on: {cause}."
        )
    lines.append("PASSED" if verdict.passed else "FAILED")
    return "\n".join(lines)

"""What was seen: the records that the checks judge. No I/O."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from drill.calls import Sort
from drill.plan import Kind


@dataclass(frozen=True, slots=True)
class Submission:
    """A call of a submitter. Times are seconds since 1970."""

    key: str
    sort: Sort
    #: The id of the job that stands for the call.
    job: str
    #: When the commit was done; for what only the table has, a moment before it.
    at: float
    #: When the call was begun.
    begun: float = 0.0
    #: Whether its submitter lived to write it into the journal.
    journaled: bool = True
    #: With a lane: its name, and the place of the job in it.
    lane: str = ""
    place: int = 0
    #: With a unique or an idempotency key: the key.
    unique: str = ""
    #: Nobody starts it before this moment.
    due: float = 0.0
    #: The jobs that must have done their work before it begins: the step before it in a chain, or
    #: the members of the batch that it closes.
    after: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Run:
    """An attempt, as the task itself has noted it."""

    job: str
    key: str
    attempt: int
    pid: int
    began: float
    #: None if it never came to its end: its process died.
    ended: float | None = None
    #: "done"; "again" for one that has failed on purpose; "undone" for anything else.
    outcome: str = ""
    #: With "again": the delay that it has asked for.
    countdown: float = 0.0


@dataclass(frozen=True, slots=True)
class Effect:
    """A row that a job has written into the database."""

    #: Rising with the order of the writes.
    number: int
    job: str
    key: str
    at: float
    #: The tick that its job stood for when it ran, in seconds since 1970.
    tick: float | None = None


@dataclass(frozen=True, slots=True)
class Hit:
    """A fault that was carried out."""

    at: float
    kind: Kind
    #: Whom it hit, as the report says it.
    whom: str
    pids: frozenset[int] = frozenset()
    #: The jobs that it hit before they had begun: those that the worker had, or that Redis had.
    jobs: frozenset[str] = frozenset()
    #: Of one that has ended by itself: its exit code, and how its log ends.
    words: str = ""


@dataclass(frozen=True, slots=True)
class Schedule:
    """The schedule of the drill, and the jobs that it made."""

    period: float
    #: Ticks are owed from the one to the other.
    begin: float
    end: float
    #: The tick of each job, in seconds since 1970.
    ticks: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything that was seen."""

    submissions: Sequence[Submission]
    runs: Sequence[Run]
    effects: Sequence[Effect]
    hits: Sequence[Hit]
    schedule: Schedule
    #: Rows of jobs that had not ended when the drill did.
    unfinished: int = 0
    #: Workers that lived and took no job when all faults were over.
    deaf: Sequence[str] = ()
    #: Who did not end when the drill did.
    lingering: Sequence[str] = ()

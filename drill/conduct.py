"""The course of a drill, in its scratch installation: load and faults, drain, stop, collect."""

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.db import connection
from django.utils import timezone
from django_celery_beat.models import IntervalSchedule, PeriodicTask

from config import env
from drill import tables
from drill.affected import affected
from drill.cast import Cast, Member
from drill.collect import Missing, collect, missing
from drill.faults import Ending, carry_out
from drill.plan import Fault, Shape, make_plan
from drill.records import Evidence, Hit
from drill.roll_call import call_the_roll
from drill.surroundings import DrillError
from drill.workload import TICK
from jobs.models import Node, SchedulePolicy
from jobs.operations.schedule_runs import switch

SCHEDULE = "drill"
PERIOD_SECONDS = 2
_TURN_SECONDS = 0.05
_TOLD_SECONDS = 10.0
_READY_SECONDS = 90.0
_STOP_SECONDS = 60.0
#: How much longer than the load the rest may take, also if it goes on and on.
_DRAIN_SECONDS = 900.0
#: How much longer the submitters may take, on a machine that is too busy for their pace.
_LATE_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Course:
    """What a drill is to be."""

    seed: int
    seconds: float
    #: Calls to submit in that time.
    jobs: int
    shape: Shape
    folder: Path

    @property
    def patience(self) -> float:
        """Seconds without any progress after which what is missing is lost."""
        return 2 * self.shape.lease + 10.0


class Conductor:
    """Leads one drill from its begin to its evidence. `tell` gets a sentence for each event."""

    def __init__(self, course: Course, cast: Cast, tell: Callable[[str], None]) -> None:
        self._course = course
        self._cast = cast
        self._tell = tell
        self._begin = 0.0
        self._hits: list[Hit] = []
        self._endings: list[tuple[float, Ending]] = []
        self._told = 0.0

    def run(self) -> Evidence:
        """The drill. The cast is the caller's to close."""
        self._prepare()
        self._load()
        end = time.time()
        self._say("the load is over; everything that is left may run now")
        deaf = call_the_roll(self._cast, self._turn)
        self._drain(end)
        lingering = self._stop()
        folder, span = self._course.folder, (self._begin, end)
        seen = collect(folder, SCHEDULE, PERIOD_SECONDS, span, self._hits)
        return replace(seen, deaf=deaf, lingering=lingering)

    def _prepare(self) -> None:
        if connection.introspection.table_names():
            raise DrillError("The database of a drill must be new and empty; this one is not.")
        call_command("migrate", interactive=False, verbosity=0)
        tables.create()
        self._cast.redis.start()
        self._cast.start([*self._cast.workers, *self._cast.beats])
        wanted = len(self._cast.workers) + len(self._cast.beats)
        deadline = time.monotonic() + _READY_SECONDS
        while Node.objects.count() < wanted:
            if time.monotonic() > deadline:
                raise DrillError(f"The workers did not start within {_READY_SECONDS:g} s.")
            self._turn()
        every = IntervalSchedule.objects.create(every=PERIOD_SECONDS, period="seconds")
        schedule = PeriodicTask.objects.create(name=SCHEDULE, task=TICK, interval=every)
        SchedulePolicy.objects.create(
            schedule=schedule, missed=SchedulePolicy.Missed.ALL, limit_count=1_000
        )

    # --- the load ----------------------------------------------------------------------------

    def _load(self) -> None:
        course = self._course
        self._begin = time.time()
        self._cast.submitters = [
            Member(f"submitter {number}", self._submitter(number))
            for number in range(course.shape.submitters)
        ]
        self._cast.start(self._cast.submitters)
        plan = list(make_plan(course.seed, course.seconds, course.shape))
        while (now := time.time() - self._begin) < course.seconds or not self._all_submitted():
            if now > 2 * course.seconds + _LATE_SECONDS:
                raise DrillError("The submitters did not come to an end; their logs say why.")
            while plan and plan[0].at <= now:
                self._hit(plan.pop(0))
            self._turn()
        for _, ending in self._endings:
            ending()
        self._endings.clear()
        self._cast.thaw()

    def _submitter(self, number: int) -> Callable[[int], tuple[str, ...]]:
        course = self._course
        count = course.shape.submitters
        share = course.jobs // count + (1 if number < course.jobs % count else 0)
        return lambda starts: submitter_command(
            number=number,
            incarnation=starts,
            seed=course.seed,
            begin=self._begin,
            seconds=course.seconds,
            calls=share,
            folder=course.folder,
        )

    def _all_submitted(self) -> bool:
        return all(member.done for member in self._cast.submitters)

    def _hit(self, fault: Fault) -> None:
        jobs = affected(fault, self._cast)
        hit, ending = carry_out(fault, self._cast)
        if hit is None:
            self._say(f"{fault.kind}: nobody was there")
            return
        self._hits.append(replace(hit, jobs=jobs))
        lasts = f" for {fault.seconds:.1f} s" if fault.seconds else ""
        self._say(f"{fault.kind}: {hit.whom}{lasts}")
        if ending is not None:
            self._endings.append((time.time() + fault.seconds, ending))

    def _turn(self) -> None:
        """End what has lasted long enough, start again who has ended, and say how it goes."""
        time.sleep(_TURN_SECONDS)
        now = time.time()
        over = [ending for at, ending in self._endings if at <= now]
        self._endings = [(at, ending) for at, ending in self._endings if at > now]
        for ending in over:
            ending()
        for surprise in self._cast.keep():
            self._hits.append(surprise)
            self._say(f"{surprise.whom} has ended by itself: {surprise.words}")
        if self._begin and now - self._told >= _TOLD_SECONDS:
            self._told = now
            submitted, run = tables.counts()
            self._say(f"{submitted:,} calls submitted, {run:,} jobs have run")

    def _say(self, sentence: str) -> None:
        minutes, seconds = divmod(time.time() - self._begin, 60)
        self._tell(f"{minutes:3.0f}:{seconds:04.1f}  {sentence}")

    # --- the end -----------------------------------------------------------------------------

    def _drain(self, load_ended: float) -> None:
        """Wait until everything has been done, or nothing goes on any more."""
        before: Missing | None = None
        since, switched_off = time.monotonic(), False
        deadline = since + self._course.seconds + _DRAIN_SECONDS
        while True:
            lacks = missing(
                self._course.folder, SCHEDULE, PERIOD_SECONDS, (self._begin, load_ended)
            )
            if lacks.ticks == 0 and not switched_off:
                schedule = PeriodicTask.objects.get(name=SCHEDULE)
                switched_off = switch(schedule.pk, on=False, now=timezone.now())
            if switched_off and not any(lacks):
                return
            if lacks != before or lacks.to_come:
                before, since = lacks, time.monotonic()
            elif time.monotonic() - since > self._course.patience:
                self._say(f"nothing has gone on for {self._course.patience:g} s")
                return
            if time.monotonic() > deadline:
                self._say("there is no end to it")
                return
            self._turn()
            time.sleep(0.5)

    def _stop(self) -> list[str]:
        """End everybody as a deploy does; returns who did not end."""
        self._cast.ask_to_end()
        deadline = time.monotonic() + _STOP_SECONDS
        while (left := self._cast.running()) and time.monotonic() < deadline:
            time.sleep(_TURN_SECONDS)
        if left:
            self._say(f"did not end within {_STOP_SECONDS:g} s of TERM: {', '.join(left)}")
        return left


def submitter_command(**options: Any) -> tuple[str, ...]:
    """The command line of a submitter."""
    given = (f"--{name}={value!s}" for name, value in options.items())
    return (sys.executable, str(env.ROOT / "manage.py"), "drill_submit", *given)

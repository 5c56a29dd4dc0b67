"""Jobs from the command line: list, show, cancel, retry, pause and resume; lanes and workers."""

from collections.abc import Callable, Sequence
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import InterfaceError, OperationalError
from django.utils import timezone

from jobs.engine.actions import job_actions
from jobs.engine.submit.turn_options import rate_of
from jobs.errors import HachiError, JobNotFound, LaneNotFound
from jobs.management.given import known_ids, moment_to_come, who
from jobs.models import Pause
from jobs.operations.lane_limits import KEEP
from jobs.queries.jobs import (
    JobFilter,
    find_lane,
    find_pause,
    garbage_rows,
    job_details,
    list_jobs,
    pause_rows,
    process_rows,
)
from jobs.queries.sentences import count_of
from jobs.states import State

_VERBS = "list | workers | garbage | show | cancel | retry | pause | resume | lane"


class Command(BaseCommand):
    help = "Show, cancel and retry jobs; pause a queue, a task or a lane; change a lane."

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True, metavar=_VERBS)
        listed = verbs.add_parser("list", help="The newest jobs: id, state, task, queue, why.")
        listed.add_argument("--state", choices=[state.value for state in State])
        for name in ("task", "queue", "lane"):
            listed.add_argument(f"--{name}", default="")
        listed.add_argument("--limit", type=int, default=20)
        verbs.add_parser("workers", help="Every process: name, kind, pool, slots, queues, state.")
        verbs.add_parser("garbage", help="Unreadable items by queue: number, last at, last error.")
        show = verbs.add_parser("show", help="One job, and why it is where it is.")
        show.add_argument("id")
        for verb, text in (
            ("cancel", "Cancel waiting jobs, and ask running ones to stop."),
            ("retry", "Run finished jobs once more."),
        ):
            verbs.add_parser(verb, help=text).add_argument("ids", nargs="+", metavar="id")
        pause = verbs.add_parser("pause", help="Let no job of it start. What runs goes on.")
        resume = verbs.add_parser("resume", help="End a pause.")
        for one in (pause, resume):
            one.add_argument("kind", choices=Pause.Kind.values)
            one.add_argument("value", help="The name of the queue or task, the key of the lane.")
        lane = verbs.add_parser("lane", help="A lane's limits; change those that are given.")
        lane.add_argument("key")
        lane.add_argument("--width", type=int, help="How many of its jobs run at a time.")
        lane.add_argument("--rate", help="How many start, as in 10/s, 100/m or 5/h; or none.")
        pause.add_argument("--reason", default="")
        pause.add_argument("--until", help="When it ends by itself, as in 2031-05-06T06:00.")

    def handle(self, *, verb: str, **given: Any) -> None:
        acts: dict[str, Callable[..., None]] = {
            "list": self._list,
            "workers": self._workers,
            "garbage": self._garbage,
            "show": self._show,
            "cancel": self._cancel,
            "retry": self._retry,
            "pause": self._pause,
            "resume": self._resume,
            "lane": self._lane,
        }
        try:
            acts[verb](given)
        except JobNotFound as error:
            raise CommandError(f"No job has the id {given['id']!r}.") from error
        except HachiError as error:
            raise CommandError(str(error)) from error
        except (OperationalError, InterfaceError) as error:
            raise CommandError(f"The database does not answer: {error}") from error

    def _list(self, given: dict[str, Any]) -> None:
        if given["limit"] < 1:
            raise CommandError("--limit must be 1 or more.")
        wanted = JobFilter(
            state=State(given["state"]) if given["state"] else None,
            task=given["task"],
            queue=given["queue"],
            lane=given["lane"],
        )
        now = timezone.now()
        for row in list_jobs(wanted, now, size=given["limit"]).rows:
            self.stdout.write("\t".join((row.id, row.state, row.task, row.queue, row.note)))
        for pause in pause_rows(now):
            self.stderr.write(pause.text)

    def _workers(self, given: dict[str, Any]) -> None:
        for row in process_rows(timezone.now()):
            slots = str(row.slots or "")
            self.stdout.write(
                "\t".join((row.name, row.kind, row.pool, slots, row.queues, row.note))
            )

    def _garbage(self, given: dict[str, Any]) -> None:
        for row in garbage_rows():
            last_at = timezone.localtime(row.last_at).isoformat(" ", "seconds")
            self.stdout.write("\t".join((row.queue, str(row.number), last_at, row.last_error)))

    def _show(self, given: dict[str, Any]) -> None:
        details = job_details(given["id"].replace("\0", ""), timezone.now())
        job = details.job
        lines = {
            "id": job.id,
            "task": job.task,
            "state": job.state,
            "why": f"{details.why} {details.command}".strip(),
            "queue": job.queue,
            "lane": job.lane,
            "unique": job.unique_key,
            "attempt": str(job.attempt),
            "args": details.args.text if details.args else "",
            "kwargs": details.kwargs.text if details.kwargs else "",
            "result": details.result.text if details.result else "",
            "asked by": job.requested_by,
            "submitted": timezone.localtime(job.created_at).isoformat(" ", "seconds"),
        }
        for name, value in lines.items():
            if value:
                self.stdout.write(f"{name + ':':<11}{value}")

    def _cancel(self, given: dict[str, Any]) -> None:
        number = job_actions.cancel_jobs(known_ids(given["ids"]), by=who())
        self._told(number, given["ids"], "cancelled", "had finished already")

    def _retry(self, given: dict[str, Any]) -> None:
        number = job_actions.retry_jobs(known_ids(given["ids"]), by=who())
        self._told(number, given["ids"], "queued again", "had not finished, or cannot run again")

    def _told(self, number: int, ids: Sequence[str], done: str, otherwise: str) -> None:
        text = f"{count_of(number, 'job')} {done}."
        if left := len(set(ids)) - number:
            raise CommandError(f"{text} {count_of(left, 'job')} {otherwise}.")
        self.stdout.write(text)

    def _pause(self, given: dict[str, Any]) -> None:
        kind, value, until = given["kind"], given["value"], moment_to_come(given["until"])
        if not value.isprintable() or not 0 < len(value) <= 255 or len(given["reason"]) > 500:
            raise CommandError("A name has 1 to 255 printable characters, a reason 500 at most.")
        job_actions.pause_jobs(kind, value, by=who(), reason=given["reason"], until=until)
        self.stdout.write(f"The {kind} {value} is paused. What runs goes on.")

    def _resume(self, given: dict[str, Any]) -> None:
        kind, value = given["kind"], given["value"]
        if find_pause(kind, value) is None:
            raise CommandError(f"The {kind} {value} is not paused.")
        number = job_actions.resume_jobs(kind, value)
        self.stdout.write(f"The {kind} {value} is resumed: {count_of(number, 'job')} queued again.")

    def _lane(self, given: dict[str, Any]) -> None:
        key, width, rate = given["key"].replace("\0", ""), given["width"], given["rate"]
        if width is not None or rate is not None:
            limit = KEEP if rate is None else None if rate == "none" else rate_of(rate)
            job_actions.change_lane(key, by=who(), width=width, rate=limit)
        row = find_lane(key, timezone.now())
        if row is None:
            raise LaneNotFound(f"There is no lane {key!r}: the first job that names it makes it.")
        self.stdout.write(row.text)

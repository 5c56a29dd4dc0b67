"""One batch of the ledger, in one transaction: starts, ends, then claims."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime

from celery import Celery
from celery.exceptions import TimeLimitExceeded
from django.conf import settings
from django.db import transaction

from jobs.engine.broker.message import retried
from jobs.engine.broker.publisher import publish_on_commit
from jobs.engine.ends import family
from jobs.engine.ends.endings import conclusion
from jobs.engine.ends.failures import never_run
from jobs.engine.ends.turns import after_end, after_loss, give_on
from jobs.engine.worker.claiming import claim_offers, leave_to_others
from jobs.engine.worker.notes import End, Note, Offer, Settled, Start, TakenBack
from jobs.models import Job
from jobs.operations.cancel import cancel_claimed
from jobs.operations.claim import interrupt, messages, release
from jobs.operations.conclude import Conclusion, Problem, conclude, record_failures
from jobs.operations.finish import Start as Started
from jobs.operations.finish import Success, start, succeed
from jobs.operations.logs import write_lines, write_progress
from jobs.operations.rates import hold_back
from jobs.operations.rescue import crash
from jobs.states import FINAL, State


def settle(
    app: Celery, batch: Sequence[Note], *, worker: str, taking: bool, now: datetime
) -> Settled:
    """Write a batch. What the database raises comes through, and nothing is written then.

    A worker that is about to stop (`taking` False) claims nothing more; what it has fetched from
    Redis is published again, for others.
    """
    if taking and all(isinstance(note, Offer) and note.request.tracked for note in batch):
        # One statement, and so its own transaction: an idle job waits for three round trips less.
        settled = Settled()
        claim_offers(
            [n.request for n in batch if isinstance(n, Offer)], settled, worker=worker, now=now
        )
        return settled
    with transaction.atomic():
        return _settle(app, batch, worker, taking, now)


def _settle(
    app: Celery, batch: Sequence[Note], worker: str, taking: bool, now: datetime
) -> Settled:
    settled = Settled()
    ends = [note for note in batch if isinstance(note, End)]
    merged = {end.request.id for end in ends if _start_can_wait(end)}
    starts = [n for n in batch if isinstance(n, Start) and n.request.id not in merged]
    begun = [Started(s.request.id, s.request.attempt, s.at) for s in starts]
    settled.begun.update(start(begun, worker=worker))
    if ends:
        settled.done += [end.request for end in ends]
        _write_ends(app, ends, worker, now)
    if taken_back := [note for note in batch if isinstance(note, TakenBack)]:
        settled.done += [note.request for note in taken_back]
        _write_taken_back(app, taken_back, worker, now)
    if offers := [note.request for note in batch if isinstance(note, Offer)]:
        if taking:
            claim_offers(offers, settled, worker=worker, now=now)
        else:
            leave_to_others(offers, now=now)
    return settled


_CONCLUDED = frozenset({"fail", "retry", "snooze", "cancel", "interrupt"})


def _start_can_wait(end: End) -> bool:
    """Whether the statement that writes the end may write the start as well."""
    report = end.ending.report
    return end.ending.kind in ("succeed", "fail", "retry") and not (report and report.progress)


def _write_ends(app: Celery, ends: Sequence[End], worker: str, now: datetime) -> None:
    _write_reports(ends, worker)
    ended = succeed([_success(e) for e in ends if e.ending.kind == "succeed"], worker=worker)
    conclusions = [_conclusion(e) for e in ends if e.ending.kind in _CONCLUDED]
    conclusions += _crashes([e for e in ends if e.ending.kind == "crash"], worker, now)
    if conclusions:
        concluded = set(conclude(conclusions, worker=worker))
        ended += concluded
        ended += _write_abandoned(ends, concluded)
        again = [c.id for c in conclusions if c.state == State.QUEUED and c.id in concluded]
        hold_back([end.request.id for end in ends if _in_a_lane(end, again)], now=now)
        publish_on_commit(list(Job.objects.unclaimed().filter(id__in=again)) if again else [])
        final = {c.id: c for c in conclusions if c.id in concluded and c.state in FINAL}
        _tell_family(app, ends, final)
    _give_back(app, [e.request.id for e in ends if e.ending.kind == "return"], worker, now)
    if any(_in_company(end) for end in ends):
        after_end(app, ended, now=now)


def _in_company(end: End) -> bool:
    """Whether somebody waits for the end of this job."""
    request, report = end.request, end.ending.report
    return bool(
        (request.group and request.chord)  # the one is a header, the other in the body
        or request.request_dict.get("lane")
        or (report and report.abandoned)
    )


def _in_a_lane(end: End, ids: Collection[str]) -> bool:
    return end.request.id in ids and bool(end.request.request_dict.get("lane"))


def _success(end: End) -> Success:
    report = end.ending.report
    assert report is not None  # noqa: S101 - a success has always lived to report
    return Success(
        end.request.id, end.request.attempt, report.started_at, report.finished_at, report.result
    )


def _conclusion(end: End) -> Conclusion:
    request, report = end.request, end.ending.report
    started_at = report.started_at if report else request.started_at or end.ending.finished_at
    concluded = conclusion(request.id, request.attempt, started_at, end.ending)
    if (
        end.ending.kind == "retry"
        and report is None
        and isinstance(end.ending.error, TimeLimitExceeded)
    ):
        # Its process did not live to write the message of the next attempt.
        return replace(concluded, message=retried(messages([request.id])[request.id]))
    return concluded


def _crashes(ends: Sequence[End], worker: str, now: datetime) -> list[Conclusion]:
    if not ends:
        return []
    rows = Job.objects.filter(id__in=[e.request.id for e in ends], worker=worker, state="running")
    reasons = {e.request.id: str(e.ending.error) for e in ends}
    return [
        crash(
            job,
            max_crashes=settings.HACHI_MAX_CRASHES,
            reason=f"The process that ran it died: {reasons[job.id]}",
            now=now,
        )
        for job in rows.select_for_update()
    ]


def _write_reports(ends: Sequence[End], worker: str) -> None:
    """Log lines and the last progress that the pool's process had not written itself."""
    for end in ends:
        request, report = end.request, end.ending.report
        if report and report.lines:
            write_lines(
                request.id,
                request.attempt,
                report.lines,
                worker=worker,
                started_at=report.started_at,
            )
        if report and report.progress:
            done, total, message = report.progress
            write_progress(
                request.id, request.attempt, worker=worker, done=done, total=total, message=message
            )


def _write_abandoned(ends: Sequence[End], concluded: set[str]) -> list[str]:
    """Rows for the rest of a chain that one of its steps has ended; returns their ids."""
    rows = [
        never_run(
            id,
            task,
            Problem(
                "UpstreamFailed",
                f"Never run: {end.request.name}, which comes before it, did not succeed.",
            ),
            root=end.request.root_id or "",
            chord=chord,
        )
        for end in ends
        if end.ending.report and end.request.id in concluded
        for id, task, chord in end.ending.report.abandoned
    ]
    return record_failures(rows) if rows else []


def _tell_family(app: Celery, ends: Sequence[End], final: dict[str, Conclusion]) -> None:
    """Celery's errbacks and chains, where the process that ran the job did not live to do it."""
    for end in ends:
        request = end.request
        if end.ending.report is None and request.id in final:
            error = end.ending.error or RuntimeError(final[request.id].problem.message)
            family.tell(app, request.id, error, request._context)


def _give_back(app: Celery, ids: Sequence[str], worker: str, now: datetime) -> None:
    if ids:
        jobs = release(ids, worker=worker, now=now) + interrupt(ids, worker=worker, now=now)
        give_on(app, jobs, now=now)


def _write_taken_back(app: Celery, notes: Sequence[TakenBack], worker: str, now: datetime) -> None:
    for note in notes:
        ids = cancel_claimed(
            [note.request.id],
            worker=worker,
            reason=note.reason,
            error_type=note.error_type,
            now=now,
        )
        after_loss(app, ids, now=now)
        if not ids:
            # The start of a suspect is written before it begins. It goes back, and ends by that.
            give_on(app, interrupt([note.request.id], worker=worker, now=now), now=now)

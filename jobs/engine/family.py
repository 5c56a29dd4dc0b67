"""Who hangs on a job that will never succeed: the rest of its chain, and its errbacks.

The process that runs a job tells them, through Celery's tracer. Where there is none, or none that
lived to do it, this does.
"""

import logging
from collections.abc import Collection
from typing import Any

from celery import Celery
from celery.app.task import Context
from django.db import DatabaseError, transaction
from kombu.utils.json import loads

from jobs.engine.message import unpack
from jobs.models import Job
from jobs.states import State

logger = logging.getLogger(__name__)


def tell(app: Celery, id: str, error: BaseException, request: Context) -> None:
    """Fail the rest of the chain of a job that has failed, and call its errbacks.

    Call it in the transaction that ended the job.
    """
    app.backend.mark_as_failure(id, error, request=request, call_errbacks=False)
    for errback in request.errbacks or ():
        _call(app, errback, error, request)


def _call(app: Celery, errback: Any, error: BaseException, request: Context) -> None:
    """An errback that takes (request, exc, traceback) is called here and now, as Celery has it.

    Its queries are undone if one of them fails: the end of the job is written all the same.
    """
    only = Context(request.__dict__ | {"errbacks": [errback]})
    try:
        with transaction.atomic():
            app.backend._call_task_errbacks(only, error, None)
    except DatabaseError:
        logger.exception("An errback of %s failed, and what it wrote is undone.", request.id)


def abandon(app: Celery, ids: Collection[str], *, errbacks: bool = False) -> None:
    """The same for those of `ids` that have ended without success and without a worker.

    As with Celery's revoke, a cancel calls no errbacks.
    """
    lost = Job.objects.filter(id__in=ids, state__in=(State.FAILED, State.CANCELLED))
    for id, message, reason in lost.values_list("id", "message", "error_message"):
        request = _request(message)
        if request is not None and (request.chain or (errbacks and request.errbacks)):
            request.errbacks = request.errbacks if errbacks else None
            tell(app, id, RuntimeError(reason), request)


def _request(message: str) -> Context | None:
    """What Celery would make of a stored message; None if there is no call in it."""
    try:
        headers, body = unpack(message)
        args, kwargs, embed = loads(body)
        known = {"args": args, "kwargs": kwargs, "delivery_info": {}} | dict(embed or {})
        return Context(headers | known)
    except (ValueError, TypeError, KeyError):
        return None  # garbage that was kept to be read, or the rest of a broken chain

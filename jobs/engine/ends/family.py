"""Who hangs on a job that will never succeed: the rest of its chain, and its errbacks.

The process that runs a job tells them, through Celery's tracer. Where there is none, or none that
lived to do it, this does.
"""

from collections.abc import Collection
from functools import partial
from typing import Any

from celery import Celery
from celery.app.task import Context
from celery.exceptions import NotRegistered
from django.db import transaction
from kombu.utils.json import loads

from jobs.engine.broker.message import unpack
from jobs.models import Job
from jobs.states import State


def tell(app: Celery, id: str, error: BaseException, request: Context) -> None:
    """Fail the rest of the chain of a job that has failed, and call its errbacks.

    Call it in the transaction that ended the job. Errbacks are submitted in it; those of the kind
    that Celery calls at once, with (request, exc, traceback), are called after its commit: their
    queries and their slowness are theirs.
    """
    app.backend.mark_as_failure(id, error, request=request, call_errbacks=False)
    for errback in request.errbacks or ():
        only = Context(request.__dict__ | {"errbacks": [errback]})
        call = partial(app.backend._call_task_errbacks, only, error, None)
        if _is_called_at_once(app, errback):
            transaction.on_commit(call, robust=True)
        else:
            call()


def _is_called_at_once(app: Celery, errback: Any) -> bool:
    """As Celery's backend decides it."""
    signature = app.signature(errback)
    try:
        header = getattr(signature.type, "__header__", None)
    except NotRegistered:
        return False
    if header is None or isinstance(header, partial):
        return False
    return bool(app.backend._errback_arity_greater(signature, 1))


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

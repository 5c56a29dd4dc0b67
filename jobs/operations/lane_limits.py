"""Change the limits of a lane, for the jobs that wait in it too."""

from dataclasses import replace
from datetime import datetime, timedelta
from enum import Enum
from typing import Final

from django.db import transaction

from jobs.models import Lane
from jobs.operations.rates import Limits, release


class Keep(Enum):
    """The type of KEEP."""

    KEEP = "keep"


#: In place of a limit that stays as it is: None stands for no rate at all.
KEEP: Final = Keep.KEEP

#: So many starts in so many seconds.
Rate = tuple[int, float]


@transaction.atomic
def change_lane(
    key: str,
    *,
    width: int | None = None,
    rate: Rate | Keep | None = KEEP,
    by: str = "",
    now: datetime,
) -> bool:
    """Change what is given of a lane's limits, and keep the rest. False if there is no such lane.

    Jobs that the old rate had put down for later go back into the line; admit the lane afterwards,
    in the same transaction. The first start comes a step of the new rate after the last one.
    """
    locked = Lane.objects.select_for_update(no_key=True).filter(key=key)
    row = locked.values_list(*Limits.__slots__).first()
    if row is None:
        return False
    old = Limits(*row)
    count, seconds = _pair(old, rate)
    new = replace(old, width=width or old.width, rate_count=count, rate_seconds=seconds)
    if new.step != old.step:
        new.next_start_at = _next_start(_last_start(old, release(key)), new.step)
    Lane.objects.filter(key=key).update(
        width=new.width,
        rate_count=count,
        rate_seconds=seconds,
        next_start_at=new.next_start_at,
        changed_by=by[:150],
        changed_at=now,
    )
    return True


def _pair(old: Limits, rate: Rate | Keep | None) -> tuple[int | None, float | None]:
    if rate is KEEP:
        return old.rate_count, old.rate_seconds
    return rate or (None, None)


def _last_start(old: Limits, first_waiting: datetime | None) -> datetime | None:
    """When the last job started that is on its way or done; those that wait did not count."""
    following = first_waiting or old.next_start_at
    return following - old.step if following and old.step else None


def _next_start(last: datetime | None, step: timedelta | None) -> datetime | None:
    return last + step if last and step else None

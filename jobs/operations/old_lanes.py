"""Cleanup of lanes: one that nothing names is made anew by the next job that names it."""

from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from jobs.models import Job, Lane, Pause


class OldLanes:
    """Lanes that no job and no pause names, and that are still as their first job made them.

    Each lane is looked at once a retention: one that is in use is noted as such. So a sweep costs
    what there is to do, however many lanes there are.
    """

    def __init__(self, before: datetime, *, now: datetime) -> None:
        self.now = now
        self.due = Lane.objects.filter(changed_at=None, used_at__lt=before)
        jobs = Job.objects.exclude(lane="").filter(lane=OuterRef("key"))
        pauses = Pause.objects.filter(kind=Pause.Kind.LANE, value=OuterRef("key"))
        # A start that is still to come is what a lane made anew would forget.
        rested = Q(next_start_at=None) | Q(next_start_at__lte=now)
        self.unused = Lane.objects.filter(rested, ~Exists(jobs), ~Exists(pauses))

    def delete(self, limit: int) -> int:
        """Look at `limit` lanes, and delete those of them that are not in use; returns how many.

        Where most are in use it is few, and the next run goes on with the others.

        The rows are locked first, and the jobs are looked for by a statement of its own: whoever
        has named a lane until then (`operations.lanes.make_lanes`) is either passed over, or has
        committed the job so that it is seen. Who names it afterwards waits, and makes it anew.
        """
        with transaction.atomic():
            rows = self.due.order_by("used_at").select_for_update(skip_locked=True)
            keys = list(rows.values_list("key", flat=True)[:limit])
            deleted = self.unused.filter(key__in=keys).delete()[0]
            Lane.objects.filter(key__in=keys).update(used_at=self.now)
        return deleted

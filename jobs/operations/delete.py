"""Delete jobs that have ended, with their attempts and log lines."""

from collections.abc import Collection

from django.db import transaction
from django.db.models import Exists, OuterRef

from jobs.models import Batch, Job
from jobs.states import FINAL


@transaction.atomic
def delete(ids: Collection[str]) -> int:
    """Delete those of `ids` that have ended; returns how many.

    Members of a batch stay until it has finished: its counts are counted from them.
    """
    running = Batch.objects.filter(id=OuterRef("batch_id"), finished_at=None)
    over = Job.objects.filter(~Exists(running), id__in=ids, state__in=FINAL)
    rows = list(over.select_for_update(of=("self",)).values_list("pk", flat=True))
    # Only the key is read: a message may have a megabyte.
    Job.objects.filter(pk__in=rows).only("pk").delete()
    return len(rows)

"""What came through queues and was no message: `manage.py jobs garbage`."""

from collections.abc import Sequence

from jobs.models import Garbage


def garbage_rows() -> Sequence[Garbage]:
    """The count of each queue that ever had some."""
    return list(Garbage.objects.order_by("queue"))

"""Who this process is: a worker or a beat, new with every start."""

import os
import socket
from datetime import datetime
from uuid import uuid4

from jobs.models import Node


def new_node(
    kind: Node.Kind,
    name: str,
    *,
    now: datetime,
    pool: str = "",
    concurrency: int = 0,
    queues: str = "",
) -> Node:
    """The row of this process. Its id is the fence of everything that it writes."""
    return Node(
        id=f"{name[:80]}/{uuid4().hex[:12]}",
        kind=kind,
        name=name[:200],
        pid=os.getpid(),
        pool=pool,
        concurrency=concurrency,
        queues=queues[:1000],
        started_at=now,
        seen_at=now,
    )


def default_name() -> str:
    """For processes that Celery gives no node name."""
    return f"beat@{socket.gethostname()}"

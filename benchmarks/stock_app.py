"""Stock Celery on Redis, as its first steps guide has it: no rows, no results."""

import os

from celery import Celery

from benchmarks import bodies

app = Celery("stock", broker=os.environ["REDIS_URL"])  # noqa: TID251 - not our settings
app.conf.task_ignore_result = True
app.conf.broker_connection_retry_on_startup = True

noop = app.task(name="bench.noop")(bodies.noop)
mark = app.task(name="bench.mark")(bodies.mark)
note_delay = app.task(name="bench.note_delay")(bodies.note_delay)

"""The measured tasks for this project."""

from celery import shared_task

from benchmarks import bodies

noop = shared_task(name="bench.noop", ignore_result=True)(bodies.noop)
mark = shared_task(name="bench.mark", ignore_result=True)(bodies.mark)
note_delay = shared_task(name="bench.note_delay", ignore_result=True)(bodies.note_delay)

"""What is at each stage now, as the chunks that run say it."""

import re
from collections import Counter
from collections.abc import Mapping

from jobs.models import Job, Pipeline
from jobs.states import State

_STAGES = {"downloading": "download", "composing": "compose", "uploading": "upload"}
#: The words of jobs.tasks.chunk_ledger.in_words: a chunk says them with its progress.
_SAID = re.compile(rf"(\d+) ({'|'.join(_STAGES)})\b")


def at_work(pipeline: Pipeline) -> Mapping[str, int]:
    """How many items each stage has, added up over the jobs that run: a second old, or two.

    It costs no row of an item a write: those are written when they end.
    """
    counts = Counter[str]()
    if pipeline.finished_at:
        return counts
    running = Job.objects.filter(batch_id=pipeline.batch, state=State.RUNNING)
    for message in running.values_list("progress_message", flat=True):
        for number, words in _SAID.findall(message):
            counts[_STAGES[words]] += int(number)
    return counts

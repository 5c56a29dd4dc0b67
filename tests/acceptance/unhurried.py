"""For workers of a test: on a busy machine a short job takes long, and is short all the same."""

from jobs.engine.pool import pace
from tests.acceptance import fault_workload  # noqa: F401 - its tasks

pace._SHORT_SECONDS = 1.0

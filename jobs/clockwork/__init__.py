"""When schedules fire. Pure: no tables and no clock; every process finds the same moments."""

from jobs.clockwork.begin import begin_of
from jobs.clockwork.choice import due, latest
from jobs.clockwork.crontab import Crontab, Fire
from jobs.clockwork.fires import fires_after, first_after

__all__ = ["Crontab", "Fire", "begin_of", "due", "fires_after", "first_after", "latest"]

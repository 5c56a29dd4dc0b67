import pytest

from jobs.models import SchedulePolicy, ScheduleWatch
from tests.integration.refusals import refused
from tests.integration.schedules.conftest import at

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("values", "constraint"),
    [
        ({"missed": "odd"}, "schedule_policy_missed_known"),
        ({"overlap": "odd"}, "schedule_policy_overlap_known"),
        ({"limit_count": 0}, "schedule_policy_count_bounded"),
        ({"limit_count": 1_001}, "schedule_policy_count_bounded"),
        ({"limit_seconds": 0}, "schedule_policy_span_bounded"),
        ({"limit_seconds": 2_678_401}, "schedule_policy_span_bounded"),
        ({"max_lateness_seconds": 0}, "schedule_policy_lateness_positive"),
    ],
)
def test_a_policy_that_makes_no_sense_is_refused(hourly, values, constraint):
    with refused(constraint):
        SchedulePolicy.objects.create(schedule_id=hourly.pk, **values)


@pytest.mark.parametrize(
    ("values", "constraint"),
    [
        ({"incident": "odd", "incident_at": at()}, "schedule_watch_incident_known"),
        ({"incident": "did_not_run"}, "schedule_watch_incident_has_begun"),
    ],
)
def test_a_note_that_makes_no_sense_is_refused(hourly, values, constraint):
    with refused(constraint):
        ScheduleWatch.objects.create(schedule_id=hourly.pk, **values)


def test_policy_and_notes_end_with_their_schedule(hourly):
    hourly.policy()
    ScheduleWatch.objects.create(schedule_id=hourly.pk)
    hourly.task.delete()
    assert not SchedulePolicy.objects.exists()
    assert not ScheduleWatch.objects.exists()

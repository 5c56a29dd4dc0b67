from datetime import date

import pytest

from reports.models import Report
from tests.integration.refusals import refused
from tests.integration.reports.report_jobs import NOON

pytestmark = pytest.mark.django_db


def report(**columns):
    values = {
        "day": date(2026, 3, 29),
        "time_zone": "UTC",
        "created_at": NOON,
        "updated_at": NOON,
        "summary": {},
        "html": "<p>",
        "csv": "day",
    }
    return Report.objects.create(**(values | columns))


def test_a_day_has_one_report():
    report()
    with refused("report_one_per_day"):
        report()


def test_a_report_names_its_zone():
    with refused("report_names_its_zone"):
        report(time_zone="")


@pytest.mark.parametrize("column", ["html", "csv"])
def test_a_report_has_its_documents(column):
    with refused("report_has_documents"):
        report(**{column: ""})

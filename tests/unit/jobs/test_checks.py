"""Settings that cannot work together are told, each with an id and a hint."""

import pytest

from jobs.checks import check_settings


def ids():
    return [message.id for message in check_settings(None)]


def test_the_settings_as_they_come_are_in_order():
    assert ids() == []


@pytest.mark.parametrize(
    ("changes", "id"),
    [
        ({"CELERY_BROKER_TRANSPORT": "redis"}, "hachi.E001"),
        ({"CELERY_BROKER_TRANSPORT_OPTIONS": {}}, "hachi.E002"),
        ({"HACHI_FETCH_ALLOW_LOOPBACK": True, "DEBUG": False}, "hachi.W001"),
        ({"ALLOWED_HOSTS": ["jobs.example.org"], "HTTPS": False}, "hachi.W002"),
        ({"HACHI_REPORT_RECIPIENTS": ["ann@example.org"], "EMAIL_HOST": ""}, "hachi.W003"),
        ({"HACHI_KEEP_SUCCEEDED_DAYS": 1}, "hachi.W004"),
        ({"CELERY_WORKER_POOL": "threads"}, "hachi.W005"),
        ({"HACHI_MAX_MESSAGE_BYTES": 100_000_000}, "hachi.W006"),
        ({"HACHI_PIPELINE_DESTINATIONS": {"s3": {"s3": {"bucket": "b"}}}}, "hachi.W007"),
    ],
)
def test_a_wrong_combination_is_told_with_a_hint(settings, changes, id):
    for name, value in changes.items():
        setattr(settings, name, value)
    assert ids() == [id]
    assert all(message.hint for message in check_settings(None))


def test_loopback_downloads_are_in_order_on_a_development_machine(settings):
    settings.HACHI_FETCH_ALLOW_LOOPBACK = settings.DEBUG = True
    assert ids() == []

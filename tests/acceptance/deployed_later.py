"""A task that only the worker of the next deploy knows."""

from celery import shared_task


@shared_task(name="test.deployed_later")
def deployed_later():
    """Be there."""
    return "here now"

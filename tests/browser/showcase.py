"""Tasks of a made-up shop, for the screenshots: a worker gets them with `-I`."""

import time

from celery import shared_task

from jobs.engine.context import check_cancelled, log, progress


def _work(total, until, words, every=0):
    """Go on briskly to `until`, and then so slowly that one can look."""
    for done in range(until):
        if every and done and done % every == 0:
            log(f"Part {done // every} is written: {every} rows")
        progress(done, total, f"{done:,} of {total:,} {words}")
        time.sleep(0.004)
    while True:
        check_cancelled()
        progress(until, total, f"{until:,} of {total:,} {words}")
        time.sleep(0.5)


@shared_task(name="orders.export")
def export_orders(month, layout="csv"):
    """Export the orders of a month."""
    log(f"Orders of {month}: 2,000 rows in 10 parts")
    _work(2_000, 1_290, "orders", every=200)


@shared_task(name="newsletter.send")
def send_newsletter(issue):
    """Send an issue to all readers."""
    _work(5_200, 1_638, "readers")


@shared_task(name="invoices.render")
def render_invoice(number):
    """Make the PDF of an invoice."""
    time.sleep(0.12)
    return {"invoice": number, "pages": 2}


@shared_task(name="invoices.remind")
def remind(number):
    """Write to somebody who has not paid."""


@shared_task(name="webhooks.deliver")
def deliver(url):
    """Tell another site what happened."""
    time.sleep(0.3)
    raise ConnectionRefusedError(111, "Connection refused", url)

"""Before anything starts: tables, the default schedules, and on the first run the admin user."""

from io import StringIO

import django
from django.core.management import call_command
from django.db import connections
from django.db.utils import OperationalError

from config import env


def prepare() -> str:
    """Bring the database up to date; returns what a person must be told, on the first run."""
    django.setup()
    told = StringIO()
    try:
        call_command("migrate", interactive=False, verbosity=0)
        call_command("seed_schedules", verbosity=0)
        call_command("ensure_admin", password=env.text("ADMIN_PASSWORD"), stdout=told)
    except OperationalError as error:
        raise SystemExit(f"The database cannot be used (DATABASE_URL): {error}".strip()) from error
    finally:
        connections.close_all()
    return told.getvalue().strip()


if __name__ == "__main__":
    print(prepare() or "The database is up to date.")

"""Where Celery and the rows meet. docs/architecture.md names which Celery hook each module uses."""

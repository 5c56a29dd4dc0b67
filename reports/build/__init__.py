"""Turns the rows of a day into facts, charts and text. No tables, no Celery, no HTTP."""

"""How the tests ask for a refusal by the database: by the name of the constraint."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, transaction
from django.db.models import UniqueConstraint


@contextmanager
def refused(*names: str) -> Iterator[None]:
    """What is done within is refused by one of these constraints, and undone."""
    with pytest.raises(IntegrityError) as caught, transaction.atomic():
        yield
    assert _said(caught.value) in {_expected(name) for name in names}


def _said(error: IntegrityError) -> str:
    if connection.vendor == "postgresql":
        return str(error.__cause__.diag.constraint_name)
    return str(error).split(" constraint failed: ")[1]


def _expected(name: str) -> str:
    """SQLite names the columns of a unique constraint."""
    found = [
        (model, constraint)
        for model in apps.get_models()
        for constraint in model._meta.constraints
        if constraint.name == name
    ]
    assert found, f"there is no constraint {name}"
    model, constraint = found[0]
    if connection.vendor == "postgresql" or not isinstance(constraint, UniqueConstraint):
        return name
    columns = [model._meta.get_field(field).column for field in constraint.fields]
    return ", ".join(f"{model._meta.db_table}.{column}" for column in columns)

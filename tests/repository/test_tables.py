"""Each rule of a table has a test that breaks it, and each index says which query needs it."""

import ast
import re
from pathlib import Path
from pkgutil import resolve_name

import pytest
from django.apps import apps
from django.db.models import Model

ROOT = Path(__file__).parents[2]
#: "operations.publish.publish_due": where a query stands.
PLACE = re.compile(r"\b(?:operations|queries|engine|models)\.\w+(?:\.\w+)*")
SOURCES = [*sorted((ROOT / "jobs/models").glob("*.py")), ROOT / "reports/models.py"]


def _models() -> list[type[Model]]:
    ours = ("config", "drill", "jobs", "reports")
    return [model for model in apps.get_models() if model.__module__.split(".")[0] in ours]


def _refused() -> set[str]:
    """Every string in the modules that ask for a refusal (tests/integration/refusals.py).

    They run on both databases, and `refused` fails on the name of a constraint that held.
    """
    found = set()
    for path in (ROOT / "tests/integration").rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        if "refused" in names:
            found |= {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}
    return found


def _comment_above(lines: list[str], number: int) -> str:
    """The comment that ends on the line before this one, counted from 1."""
    above = []
    for line in reversed(lines[: number - 1]):
        if not line.strip().startswith("#"):
            break
        above.insert(0, line.strip(" #:"))
    return " ".join(above)


def _makes_an_index(call: ast.Call) -> bool:
    return getattr(call.func, "attr", "") == "Index" or any(
        keyword.arg == "db_index" and keyword.value.value for keyword in call.keywords
    )


def _indexes(path: Path) -> list[tuple[str, str]]:
    """What stands beside each index of a module: its own source, and its comment."""
    text = path.read_text(encoding="utf-8")
    lines, found = text.splitlines(), []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call) and _makes_an_index(node):
            beside = lines[node.end_lineno - 1].partition("  # ")[2]
            comment = f"{_comment_above(lines, node.lineno)} {beside}"
            found.append((ast.get_source_segment(text, node), comment))
    return found


def test_every_constraint_has_a_test_in_which_the_database_refuses_by_its_name():
    named = {constraint.name for model in _models() for constraint in model._meta.constraints}

    assert named
    assert named - _refused() == set()


def test_every_index_is_found_in_the_source():
    declared = {index.name for model in _models() for index in model._meta.indexes}
    sources = " ".join(source for path in SOURCES for source, _ in _indexes(path))

    assert declared
    assert {name for name in declared if f'"{name}"' not in sources} == set()


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_every_index_says_which_query_needs_it_and_that_query_exists(path):
    for source, comment in _indexes(path):
        places = PLACE.findall(comment)
        assert places, f"{source} does not say which query needs it"
        assert all(resolve_name(f"jobs.{place}") for place in places)

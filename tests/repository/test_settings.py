"""Every variable that is read stands in .env.example, and nothing else does."""

import ast
import re
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
READERS = {
    "boolean",
    "choice",
    "folder",
    "generated_secret",
    "integer",
    "listing",
    "seconds",
    "text",
    "weights",
}
#: Read by docker-compose.yml alone.
COMPOSE_ONLY = {"POSTGRES_PASSWORD"}
#: In the containers these are given, or belong to the host's side of a port.
NOT_HANDED_ON = COMPOSE_ONLY | {
    "RESCUE",
    "BIND_ADDRESS",
    "FLOWER_PORT",
    "MEDIA_ROOT",
    "PIPELINE_FOLDER",
    "PORT",
    "STATIC_ROOT",
    "UPLOAD_TEMP_DIR",
    "VAR_DIR",
}


def _read_by(path: Path) -> set[str]:
    """The names in calls like `env.text("NAME")`."""
    return {
        node.args[0].value
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "env"
        and node.func.attr in READERS
        and isinstance(node.args[0], ast.Constant)
    }


def _read_anywhere() -> set[str]:
    readers = [ROOT / "config/settings.py", ROOT / "gunicorn.conf.py", ROOT / "flowerconfig.py"]
    readers += sorted((ROOT / "scripts").glob("*.py"))
    return set().union(*(_read_by(path) for path in readers))


def _documented() -> list[str]:
    text = (ROOT / ".env.example").read_text(encoding="utf-8")
    return re.findall(r"^#? ?([A-Z][A-Z0-9_]*)=", text, re.MULTILINE)


def test_every_reader_of_env_is_known_to_this_test():
    tree = ast.parse((ROOT / "config/env.py").read_text(encoding="utf-8"))
    functions = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}

    assert functions - {"noted"} == READERS


def test_every_variable_that_is_read_is_documented():
    assert _read_anywhere() - set(_documented()) == set()


def test_every_documented_variable_is_read():
    assert set(_documented()) - _read_anywhere() - COMPOSE_ONLY == set()


def test_no_variable_is_documented_twice():
    documented = _documented()

    assert sorted(documented) == sorted(set(documented))


def test_every_variable_reaches_the_containers():
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
    handed_on = set(_documented()) - NOT_HANDED_ON

    for name in ("migrate", "web", "worker", "beat", "flower"):
        assert set(compose["services"][name]["environment"]) == handed_on

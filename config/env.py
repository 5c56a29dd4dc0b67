"""Typed reading of the environment: the only module that touches os.environ.

A value that cannot be read stops the process at once with a sentence that names the variable.
`X_FILE` gives any value from a file, for secrets that are mounted into a container.
"""

import os
import secrets
from contextlib import suppress
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured
from dotenv import load_dotenv

ROOT = Path(__file__).resolve().parent.parent

load_dotenv(ROOT / ".env", override=False)


def text(name: str, default: str = "") -> str:
    """The variable as text; empty counts as not set."""
    path = os.environ.get(f"{name}_FILE", "")
    if path:
        try:
            return Path(path).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise ImproperlyConfigured(f"{name}_FILE={path!r} cannot be read: {error}.") from error
    return os.environ.get(name, "") or default


def integer(name: str, default: int, *, least: int = 0) -> int:
    """The variable as a whole number of at least `least`."""
    value = text(name, str(default))
    try:
        number = int(value)
    except ValueError as error:
        raise ImproperlyConfigured(f"{name}={value!r} is not a whole number.") from error
    if number < least:
        raise ImproperlyConfigured(f"{name}={value!r} must be at least {least}.")
    return number


def seconds(name: str, default: float, *, least: float = 0.0) -> float:
    """The variable as seconds, fractions allowed."""
    value = text(name, str(default))
    try:
        number = float(value)
    except ValueError as error:
        raise ImproperlyConfigured(f"{name}={value!r} is not a number of seconds.") from error
    if not least <= number < float("inf"):
        raise ImproperlyConfigured(f"{name}={value!r} must be at least {least} seconds.")
    return number


def boolean(name: str, default: bool) -> bool:
    """The variable as yes or no."""
    value = text(name, str(default)).lower()
    if value in {"1", "true", "yes", "on"}:
        return True
    if value in {"0", "false", "no", "off"}:
        return False
    raise ImproperlyConfigured(f"{name}={value!r} is neither true nor false.")


def listing(name: str, default: str = "") -> list[str]:
    """The variable as a list, written with commas."""
    return [item.strip() for item in text(name, default).split(",") if item.strip()]


def weights(name: str) -> dict[str, float]:
    """The variable as names with a weight each, written with commas: critical=5,default=3."""
    found: dict[str, float] = {}
    for item in listing(name):
        key, separator, value = item.rpartition("=")
        try:
            number = float(value) if separator and key.strip() else 0.0
        except ValueError:
            number = 0.0
        if not 0 < number < float("inf"):
            raise ImproperlyConfigured(
                f"{name} has {item!r}: write QUEUE=WEIGHT with a weight above 0, as in "
                "critical=5,default=3,low=1."
            )
        found[key.strip()] = number
    return found


def choice(name: str, default: str, options: tuple[str, ...]) -> str:
    """The variable as one of `options`."""
    value = text(name, default)
    if value not in options:
        raise ImproperlyConfigured(f"{name}={value!r} must be one of {', '.join(options)}.")
    return value


def folder(name: str, default: Path) -> Path:
    """The variable as an absolute folder, made if it is missing."""
    path = Path(text(name, str(default))).resolve()
    path.mkdir(parents=True, exist_ok=True)
    return path


def noted(path: Path, default: str) -> str:
    """What `make run` noted in a file under var/, else the default."""
    try:
        return path.read_text(encoding="utf-8").strip() or default
    except OSError:
        return default


def generated_secret(name: str, path: Path) -> str:
    """The variable, else a random secret that is made once and kept in `path`."""
    value = text(name)
    if value:
        return value
    if not path.exists():
        # Whole or not at all: another process may start at the same moment.
        draft = path.with_name(f"{path.name}.{os.getpid()}")
        draft.touch(mode=0o600)
        draft.write_text(secrets.token_urlsafe(50), encoding="utf-8")
        with suppress(FileExistsError):
            os.link(draft, path)
        draft.unlink()
    return path.read_text(encoding="utf-8").strip()

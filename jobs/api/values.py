"""The checks that payloads are made of."""

from collections.abc import Mapping
from typing import Any

from jobs.api.errors import ApiError


def require_keys(data: Mapping[str, Any], known: set[str]) -> None:
    """Refuse what is not known: a mistake in spelling never changes what is done."""
    unknown = sorted(data.keys() - known)
    if unknown:
        name = unknown[0][:50]
        raise ApiError(
            400,
            "unknown_key",
            f"The key {name!r} is not known. Known are: {', '.join(sorted(known))}.",
            name,
        )


def printable(value: object, name: str, most: int) -> str:
    """A text that every database takes and every page can show."""
    if not isinstance(value, str) or not 0 < len(value) <= most or not value.isprintable():
        raise invalid(name, f"a text of 1 to {most:,} printable characters")
    return value


def invalid(name: str, words: str) -> ApiError:
    """The error that names the key and says what it must be."""
    return ApiError(400, "invalid_value", f"{name} must be {words}.", name)

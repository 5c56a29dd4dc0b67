"""Tokens of the API: make, check, revoke. Only the digest of a token is ever stored."""

import hashlib
import secrets
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import Q

from jobs.errors import HachiError
from jobs.models import Token

PREFIX = "hachi_"
RANDOM_BYTES = 32
MAX_NAME_CHARACTERS = 100
#: `last_used_at` is for people: a write for every request would be wasted.
USE_NOTED_EVERY = timedelta(minutes=1)


class TokenRefused(HachiError):
    """The token cannot be made or revoked."""


def create_token(name: str, now: datetime) -> str:
    """Make a token and return it: this is the only time it can be seen. Raises TokenRefused."""
    if not name.strip() or not name.isprintable() or len(name) > MAX_NAME_CHARACTERS:
        raise TokenRefused(
            f"A token's name is 1 to {MAX_NAME_CHARACTERS} printable characters: {name[:100]!r}."
        )
    raw = PREFIX + secrets.token_urlsafe(RANDOM_BYTES)
    try:
        with transaction.atomic():
            Token.objects.create(name=name, digest=digest(raw), created_at=now)
    except IntegrityError:
        raise TokenRefused(
            f"There is, or was, a token with the name {name!r}. Choose another name."
        ) from None
    return raw


def authenticate(raw: str, now: datetime) -> Token | None:
    """The token that `raw` is, unless it is unknown or revoked; notes about when it was used.

    Looked up by digest: how long that takes says nothing about the token.
    """
    if not raw.startswith(PREFIX):
        return None
    token = Token.objects.filter(digest=digest(raw), revoked_at__isnull=True).first()
    if token is not None:
        _note_use(token, now)
    return token


def _note_use(token: Token, now: datetime) -> None:
    stale = now - USE_NOTED_EVERY
    if token.last_used_at is not None and token.last_used_at >= stale:
        return
    # The condition again, in the database: of many requests at once only one writes.
    unnoted = Q(last_used_at__isnull=True) | Q(last_used_at__lt=stale)
    if Token.objects.filter(unnoted, pk=token.pk).update(last_used_at=now):
        token.last_used_at = now


def revoke_token(name: str, now: datetime) -> None:
    """End a token for good; its name stays taken. Raises TokenRefused."""
    if Token.objects.filter(name=name, revoked_at__isnull=True).update(revoked_at=now):
        return
    if Token.objects.filter(name=name).exists():
        raise TokenRefused(f"The token {name!r} is revoked already.")
    raise TokenRefused(f"There is no token with the name {name!r}.")


def digest(raw: str) -> str:
    """What is stored of a token."""
    return hashlib.sha256(raw.encode("utf-8", "surrogatepass")).hexdigest()

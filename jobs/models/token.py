"""Bearer tokens of the API: only their digests are kept."""

from django.db import models


class Token(models.Model):
    """A named right to call the API."""

    name = models.CharField(max_length=100, unique=True)
    #: SHA-256 of the token in hex. The token has 256 random bits: no salt, no slow hash needed.
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.name

from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest

from jobs.models import Token
from jobs.operations.tokens import TokenRefused, authenticate, create_token, revoke_token

pytestmark = pytest.mark.django_db

NOW = datetime(2031, 5, 6, tzinfo=UTC)


def test_only_the_digest_is_stored():
    raw = create_token("ci", NOW)
    assert raw.startswith("hachi_")
    assert len(raw) == len("hachi_") + 43
    assert Token.objects.get().digest == sha256(raw.encode()).hexdigest()


def test_two_tokens_are_never_the_same():
    assert create_token("a", NOW) != create_token("b", NOW)


@pytest.mark.parametrize("raw", ["", "hachi_", "hachi_\x00", "hachi_\ud800", "hachi_ü", "x" * 9999])
def test_what_is_no_token_opens_nothing(raw):
    create_token("ci", NOW)
    assert authenticate(raw, NOW) is None


def test_use_is_noted_once_a_minute(django_assert_num_queries):
    raw = create_token("ci", NOW)
    with django_assert_num_queries(2):
        authenticate(raw, NOW)
    with django_assert_num_queries(1):
        authenticate(raw, NOW + timedelta(seconds=59))
    assert Token.objects.get().last_used_at == NOW
    later = NOW + timedelta(seconds=61)
    assert authenticate(raw, later).last_used_at == later
    assert Token.objects.get().last_used_at == later


def test_a_revoked_token_is_nobody():
    raw = create_token("ci", NOW)
    revoke_token("ci", NOW)
    assert authenticate(raw, NOW) is None
    assert Token.objects.get().revoked_at == NOW


def test_a_name_that_is_taken_is_refused_and_the_transaction_lives_on():
    create_token("ci", NOW)
    with pytest.raises(TokenRefused, match="Choose another name"):
        create_token("ci", NOW)
    assert Token.objects.count() == 1

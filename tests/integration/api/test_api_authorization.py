import pytest
from django.utils import timezone

from jobs.models import Token
from jobs.operations.tokens import revoke_token

pytestmark = pytest.mark.django_db

CLOSED = [
    ("post", "/api/jobs"),
    ("get", "/api/jobs/x"),
    ("post", "/api/jobs/x/cancel"),
    ("post", "/api/jobs/x/retry"),
    ("post", "/api/images"),
    ("get", "/api/images/00000000-0000-0000-0000-000000000000"),
    ("get", "/api/images/00000000-0000-0000-0000-000000000000/9x9"),
    ("post", "/index"),
]


@pytest.mark.parametrize(("verb", "path"), CLOSED)
def test_nothing_is_done_without_a_token(stranger, verb, path):
    response = getattr(stranger, verb)(path)
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"] == "Bearer"
    assert response.json()["error"]["code"] == "unauthorized"
    assert "token create" in response.json()["error"]["message"]


@pytest.mark.parametrize("header", ["Bearer hachi_wrong", "Bearer nonsense", "bearer \xff\xfe"])
def test_an_unknown_token_is_told_so(stranger, header):
    response = stranger.get("/api/jobs/x", headers={"Authorization": header})
    assert response.status_code == 401
    assert "invalid_token" in response.headers["WWW-Authenticate"]


@pytest.mark.parametrize("header", ["", "Bearer", "Basic YTpi"])
def test_another_scheme_is_no_token(stranger, header):
    assert stranger.get("/api/jobs/x", headers={"Authorization": header}).status_code == 401


def test_a_revoked_token_opens_nothing_any_more(program):
    assert program.get("/api/jobs/x").status_code == 404
    revoke_token("ci", timezone.now())
    assert program.get("/api/jobs/x").status_code == 401


def test_a_login_in_the_browser_is_no_token(admin_client):
    assert admin_client.get("/api/jobs/x").status_code == 401


def test_the_scheme_is_read_in_any_case(stranger, token):
    headers = {"Authorization": f"bEARER  {token}"}
    assert stranger.get("/api/jobs/x", headers=headers).status_code == 404


def test_use_of_a_token_is_noted(program):
    program.get("/api/jobs/x")
    assert Token.objects.get().last_used_at is not None


def test_no_cookie_is_set(program):
    assert not program.get("/api/jobs/x").cookies

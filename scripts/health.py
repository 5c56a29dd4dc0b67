"""Is it up? Asked by `make run`, and as `python -m scripts.health web` by the containers."""

import http.client
import sys

import django
from django.utils import timezone

from config import env
from scripts.ports import LOOPBACK

SECONDS = 2.0


def site_problem() -> str:
    """What /healthz finds missing: the database, Redis, a worker or beat; nothing if all live."""
    status, body = _get(env.integer("PORT", 8000), "/healthz")
    if status == http.client.OK:
        return ""
    return f"the site: {body}" if status else body


def web_problem() -> str:
    """Whether the web process answers, whatever it says of the others."""
    status, body = _get(env.integer("PORT", 8000), "/healthz")
    return "" if status in {http.client.OK, http.client.SERVICE_UNAVAILABLE} else body


def flower_problem() -> str:
    """Flower without a password answers 401, and that is a sign of life."""
    status, body = _get(env.integer("FLOWER_PORT", 5555), "/")
    return "" if status in {http.client.OK, http.client.UNAUTHORIZED} else f"Flower: {body}"


def beat_problem() -> str:
    """Whether beat has noted that it lives."""
    django.setup()
    from jobs.queries.health import OK, health  # noqa: PLC0415 - needs the settings first

    found = health(timezone.now()).checks["beat"]
    return "" if found == OK else found


def _get(port: int, path: str) -> tuple[int, str]:
    """Status and the start of the answer; status 0 and the reason when there is none."""
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=SECONDS)
    try:
        connection.request("GET", path, headers=_headers(port))
        answer = connection.getresponse()
        text = answer.read(2000).decode("utf-8", "replace")
    except (OSError, http.client.HTTPException) as error:
        return 0, f"port {port} does not answer ({error})"
    else:
        return answer.status, f"{answer.status} {text}"
    finally:
        connection.close()


def _headers(port: int) -> dict[str, str]:
    """What the proxy in front of us would say, so that the site neither refuses nor redirects."""
    hosts = [host for host in env.listing("ALLOWED_HOSTS") if not host.startswith((".", "*"))]
    headers = {"Host": hosts[0] if hosts else f"{LOOPBACK}:{port}"}
    if env.boolean("HTTPS", False):
        headers["X-Forwarded-Proto"] = "https"
    return headers


if __name__ == "__main__":
    CHECKS = {"web": web_problem, "flower": flower_problem, "beat": beat_problem}
    sys.exit(CHECKS[sys.argv[1]]() or 0)

"""The name and password that Flower asks for: it is never open."""

import secrets
from pathlib import Path

from config import env


def credentials() -> tuple[str, str]:
    """FLOWER_USER and FLOWER_PASSWORD; a missing password is made once and kept under var/."""
    user = env.text("FLOWER_USER", "admin")
    password = env.text("FLOWER_PASSWORD") or _kept(
        env.folder("VAR_DIR", env.ROOT / "var") / "flower-password"
    )
    if "," in user + password or ":" in user:
        raise SystemExit("FLOWER_USER and FLOWER_PASSWORD cannot hold a comma, nor a user a colon.")
    return user, password


def _kept(note: Path) -> str:
    try:
        note.touch(mode=0o600, exist_ok=False)
    except FileExistsError:
        pass
    else:
        note.write_text(secrets.token_urlsafe(12), encoding="utf-8")
    return note.read_text(encoding="utf-8").strip()

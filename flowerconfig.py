"""Flower's settings, read by `celery -A config flower` in this folder: never without a password."""

from config import env
from scripts.flower_login import credentials

address = env.text("BIND_ADDRESS", "127.0.0.1")
port = env.integer("FLOWER_PORT", 5555, least=1)
basic_auth = [":".join(credentials())]

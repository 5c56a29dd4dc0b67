"""gunicorn's settings, read by `gunicorn config.wsgi` in this folder."""

from pathlib import Path

from config import env

bind = f"{env.text('BIND_ADDRESS', '127.0.0.1')}:{env.integer('PORT', 8000, least=1)}"
worker_class = "gthread"
workers = env.integer("WEB_CONCURRENCY", 1, least=1)
threads = env.integer("WEB_THREADS", 8, least=1)
# The heartbeat file belongs into memory: on a slow disk it stalls the process.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108
accesslog = "-" if env.boolean("WEB_ACCESS_LOG", False) else None
# Nobody steers gunicorn through a socket here, and two sites would share its default path.
control_socket_disable = True

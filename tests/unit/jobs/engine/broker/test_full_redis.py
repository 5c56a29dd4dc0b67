"""Garbage that comes when Redis has no memory left to keep it."""

from unittest.mock import MagicMock

from redis.exceptions import OutOfMemoryError

from jobs.engine.broker import transport


def test_garbage_that_redis_cannot_keep_does_not_end_the_worker(monkeypatch):
    monkeypatch.setattr(transport, "tally", tally := MagicMock())
    channel = MagicMock()
    client = channel.conn_or_acquire.return_value.__enter__.return_value
    pipe = client.pipeline.return_value.__enter__.return_value
    pipe.execute.side_effect = OutOfMemoryError("command not allowed when used memory > maxmemory")
    client.pipeline.return_value.__exit__.return_value = False
    channel.conn_or_acquire.return_value.__exit__.return_value = False
    transport.Channel._put_aside(channel, b"[1]", "celery", ValueError())
    pipe.execute.assert_called_once()
    tally.note.assert_called_once()

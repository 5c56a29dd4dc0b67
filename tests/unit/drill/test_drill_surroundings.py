"""Nobody in a drill is told of the real installation."""

import pytest

from config import env
from drill.surroundings import (
    DrillError,
    environment,
    everybodys,
    is_postgres,
    scratch_database,
    scratch_folder,
)


@pytest.fixture
def real(monkeypatch, tmp_path):
    """An installation whose addresses stand in files, as containers mount them."""
    (tmp_path / "secret").write_text("postgresql://real/hachi")
    monkeypatch.setenv("DATABASE_URL_FILE", str(tmp_path / "secret"))
    monkeypatch.setenv("REDIS_URL_FILE", str(tmp_path / "secret"))
    monkeypatch.setenv("EMAIL_HOST", "mail.example.com")
    monkeypatch.setenv("LEASE_SECONDS", "9")


def read(monkeypatch, values, name):
    for key, value in values.items():
        monkeypatch.setenv(key, value)
    return env.text(name)


def test_the_scratch_database_wins_over_a_file_that_names_the_real_one(real, monkeypatch, tmp_path):
    values = environment(tmp_path, "sqlite:///scratch", rescue=True)
    assert read(monkeypatch, values, "DATABASE_URL") == "sqlite:///scratch"
    assert read(monkeypatch, values, "EMAIL_HOST") == ""
    assert read(monkeypatch, values, "VAR_DIR") == str(tmp_path / "var")
    assert read(monkeypatch, values, "LEASE_SECONDS") == "9"


def test_everybody_gets_the_redis_of_the_drill(real, monkeypatch, tmp_path):
    for key, value in environment(tmp_path, "sqlite:///scratch", rescue=True).items():
        monkeypatch.setenv(key, value)
    assert read(monkeypatch, everybodys("redis://drill/0"), "REDIS_URL") == "redis://drill/0"


@pytest.mark.parametrize("rescue", [True, False])
def test_the_rescue_is_switched_by_the_environment(monkeypatch, tmp_path, rescue):
    for key, value in environment(tmp_path, "sqlite:///scratch", rescue=rescue).items():
        monkeypatch.setenv(key, value)
    assert env.boolean("RESCUE", not rescue) is rescue


def test_a_folder_goes_with_the_drill_unless_it_is_to_be_kept():
    with scratch_folder(keep=False) as folder:
        assert folder.is_dir()
    assert not folder.exists()
    with scratch_folder(keep=True) as kept:
        pass
    assert kept.is_dir()
    kept.rmdir()


def test_sqlite_is_a_file_in_that_folder(tmp_path):
    with scratch_database(tmp_path, server=None) as url:
        assert url == f"sqlite:///{tmp_path / 'drill.sqlite3'}"


def test_a_server_that_does_not_answer_is_named_with_what_to_do(tmp_path):
    with (
        pytest.raises(DrillError, match=r"needs a scratch database.*--sqlite"),
        scratch_database(tmp_path, server="postgresql://nobody@127.0.0.1:1/none"),
    ):
        pass


def test_the_server_of_the_project_is_told_by_its_settings():
    assert is_postgres({"ENGINE": "django.db.backends.postgresql"})
    assert not is_postgres({"ENGINE": "django.db.backends.sqlite3"})

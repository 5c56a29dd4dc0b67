import pytest
from django.contrib.auth.models import User


@pytest.fixture(autouse=True)
def media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    return tmp_path


@pytest.fixture(autouse=True)
def quick_passwords(settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def ann(db):
    return User.objects.create_user("ann", password="a-long-password")


@pytest.fixture
def web(client, ann):
    """A browser in which Ann has signed in."""
    client.force_login(ann)
    return client


@pytest.fixture
def boss(client, db):
    """A browser in which a superuser has signed in."""
    client.force_login(User.objects.create_superuser("boss", password="a-long-password"))
    return client

import pytest

from tests.servers.pictures import picture_server


@pytest.fixture(scope="module")
def pictures():
    """The address of a server of pictures and of much that is none (tests/servers/pictures.py)."""
    with picture_server() as url:
        yield url

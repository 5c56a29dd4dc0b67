"""Ids sort by the time they were made."""

from uuid import UUID

from jobs.engine.ids import new_id


def test_ids_are_uuids_of_version_7_and_never_the_same():
    ids = {new_id() for _ in range(10_000)}
    assert len(ids) == 10_000
    assert {UUID(id).version for id in ids} == {7}
    assert {UUID(id).variant for id in ids} == {"specified in RFC 4122"}


def test_ids_sort_by_the_millisecond_they_were_made_in():
    first = new_id()
    while (later := new_id())[:13] == first[:13]:
        pass
    assert first < later

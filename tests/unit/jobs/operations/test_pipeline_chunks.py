import pytest

from jobs.operations.pipelines.chunks import cut, size_for


def items(*hosts):
    return [(number, f"https://{host}/{number}") for number, host in enumerate(hosts, 1)]


def test_the_order_stays_with_one_host():
    assert cut(items(*"aaaaa"), size=2) == [[1, 2], [3, 4], [5]]


def test_hosts_take_turns():
    assert cut(items(*"aaaabbc"), size=3) == [[1, 5, 7], [2, 6, 3], [4]]


def test_the_port_does_not_make_another_host_and_case_neither():
    found = cut([(1, "https://A.example/"), (2, "https://b/"), (3, "https://a.example:8/")], size=9)
    assert found == [[1, 2, 3]]


def test_nothing_is_no_chunk():
    assert cut([], size=3) == []


def test_every_item_is_in_one_chunk():
    hosts = [str(number % 7 if number % 3 else number) for number in range(1000)]
    chunks = cut(items(*hosts), size=50)
    assert sorted(number for chunk in chunks for number in chunk) == list(range(1, 1001))
    assert [len(chunk) for chunk in chunks] == [50] * 20


@pytest.mark.parametrize(
    ("total", "hands", "size"),
    [(1, 4, 25), (300, 2, 150), (1_000, 16, 63), (10_000, 2, 250), (100, 0, 100)],
)
def test_chunks_are_large_but_give_every_hand_something_to_do(total, hands, size):
    assert size_for(total, hands=hands, most=250) == size
    assert size_for(total, hands=hands, most=2) == 2

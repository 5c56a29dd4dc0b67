"""Cut items into chunks: what one job works on at a time. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from jobs.work.pipeline.line import host_of

#: The numbers of some items.
Chunk = Sequence[int]

_LEAST = 25


def size_for(total: int, *, hands: int, most: int) -> int:
    """How many items a chunk of so many in all has, so that so many `hands` share them.

    A chunk lasts as long as its slowest download, so few large ones are quicker than many small.
    """
    return min(most, max(_LEAST, -(-total // max(hands, 1))))


def cut(items: Iterable[tuple[int, str]], *, size: int) -> list[Chunk]:
    """Chunks of at most `size` items; `items` are numbers with their addresses.

    Hosts take turns, so that a list sorted by host keeps all of them busy and none too much. Within
    a host, and with one host in all, the order stays.
    """
    by_host: dict[str, list[int]] = {}
    for number, url in items:
        by_host.setdefault(host_of(url), []).append(number)
    numbers = _in_turns(list(by_host.values()))
    return list(iter(lambda: list(islice(numbers, size)), []))


def _in_turns(lines: Sequence[Sequence[int]]) -> Iterator[int]:
    """One of each line, then the next of each that has more."""
    standing = [iter(line) for line in lines]
    while standing:
        left = []
        for line in standing:
            number = next(line, None)
            if number is not None:
                yield number
                left.append(line)
        standing = left

"""What a transaction has set going, done together once it is committed."""

from collections.abc import Callable, Collection
from itertools import islice
from typing import Any, TypeVar

from django.db import connection, transaction

Item = TypeVar("Item")

#: How far back a hook of the same kind is looked for, among those that others have registered.
_LOOK_BACK = 4


class _Together:
    """One action for everything that one transaction has for it."""

    def __init__(self, act: Callable[[list[Any]], object], items: Collection[Any]) -> None:
        self.act = act
        self.items = list(items)

    def __call__(self) -> None:
        self.act(self.items)


def after_commit(act: Callable[[list[Item]], object], items: Collection[Item]) -> None:
    """Call `act` with `items`, and with what the transaction has for it else, once it commits.

    At once if there is no transaction. A hook belongs to the savepoint that it was registered in,
    so that a savepoint that rolls back takes just its items along.
    """
    if not items:
        return
    for savepoints, hook, *_ in islice(reversed(connection.run_on_commit), _LOOK_BACK):
        if isinstance(hook, _Together) and hook.act == act:
            if savepoints == set(connection.savepoint_ids):
                hook.items += items
                return
            break
    transaction.on_commit(_Together(act, items), robust=True)

"""Search on SQLite: FTS5 with trigrams, which finds Japanese as it finds English.

A trigram index knows nothing of words under three characters: those are looked for by LIKE.
"""

from collections.abc import Sequence

from django.db import connection

_COLUMNS = ("title", "description", "text", "url")
_SHORTEST = 3


def matching(words: Sequence[str], *, start: int, limit: int) -> list[int]:
    """The ids of the pages that have every word, the best first."""
    long = [word for word in words if len(word) >= _SHORTEST]
    short = [word for word in words if len(word) < _SHORTEST]
    like = [f"%{_escaped(word)}%" for word in short]
    conditions = [_LIKE] * len(short)
    params: list[str | int] = [pattern for pattern in like for _ in _COLUMNS]
    if long:
        conditions.insert(0, "jobs_page_search MATCH %s")
        params.insert(0, " AND ".join(f'"{word.replace(chr(34), chr(34) * 2)}"' for word in long))
        order = "bm25(jobs_page_search, 10, 4, 1, 3)"
    else:
        order = r"CASE WHEN p.title LIKE %s ESCAPE '\' THEN 0 ELSE 1 END, p.fetched_at DESC"
        params.append(like[0])
    source = "jobs_page p"
    if long:
        source = "jobs_page_search JOIN jobs_page p ON p.id = jobs_page_search.rowid"
    where = " AND ".join(conditions)
    sql = f"SELECT p.id FROM {source} WHERE {where} ORDER BY {order}, p.id LIMIT %s OFFSET %s"  # noqa: S608 - constants
    with connection.cursor() as cursor:
        cursor.execute(sql, [*params, limit, start])
        return [pk for (pk,) in cursor.fetchall()]


def _escaped(word: str) -> str:
    for special in ("\\", "%", "_"):
        word = word.replace(special, f"\\{special}")
    return word


_LIKE = "(" + " OR ".join(rf"p.{column} LIKE %s ESCAPE '\'" for column in _COLUMNS) + ")"

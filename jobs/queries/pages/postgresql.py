"""Search on PostgreSQL: a tsvector for words, ILIKE (with trigrams if pg_trgm is there) beside it.

PostgreSQL's parser takes a whole sentence of Chinese, Japanese or Korean for one word, so words
in these scripts are looked for by ILIKE; so is everything, once the words alone find nothing.
"""

import re
from collections.abc import Sequence

from django.db import connection

_COLUMNS = ("title", "description", "text", "url")
_CJK = re.compile(
    r"[\u1100-\u11ff\u2e80-\u9fff\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\uff66-\uff9d]"
)
_LIKE = "(" + " OR ".join(f"{column} ILIKE %s" for column in _COLUMNS) + ")"


def matching(words: Sequence[str], *, start: int, limit: int) -> list[int]:
    """The ids of the pages that have every word, the best first."""
    lexemes = [word for word in words if _is_lexeme(word)]
    others = [word for word in words if not _is_lexeme(word)]
    found = _search(lexemes, others, start, limit) if lexemes else []
    if not found and (others or start == 0):
        found = _search([], words, start, limit)
    return found


def _is_lexeme(word: str) -> bool:
    """Whether the parser keeps the whole word: it drops what C++ and 100% end with."""
    return not _CJK.search(word) and word[0].isalnum() and word[-1].isalnum()


def _search(lexemes: Sequence[str], others: Sequence[str], start: int, limit: int) -> list[int]:
    patterns = [f"%{_escaped(word)}%" for word in others]
    conditions = [_LIKE] * len(others)
    params: list[str | int] = [pattern for pattern in patterns for _ in _COLUMNS]
    if lexemes:
        query = " & ".join(f"{_quoted(word)}:*" for word in lexemes)
        conditions.insert(0, "search @@ to_tsquery('simple', %s)")
        params = [query, *params, query]
        order = "ts_rank(search, to_tsquery('simple', %s)) DESC"
    else:
        params.append(patterns[0])
        order = "(title ILIKE %s) DESC"
    where = " AND ".join(conditions)
    sql = f"SELECT id FROM jobs_page WHERE {where} ORDER BY {order}, fetched_at DESC, id LIMIT %s OFFSET %s"  # noqa: S608, E501 - constants
    with connection.cursor() as cursor:
        cursor.execute(sql, [*params, limit, start])
        return [pk for (pk,) in cursor.fetchall()]


def _quoted(word: str) -> str:
    return "'" + word.replace("\\", "\\\\").replace("'", "''") + "'"


def _escaped(word: str) -> str:
    for special in ("\\", "%", "_"):
        word = word.replace(special, f"\\{special}")
    return word

"""Lists of addresses as people have them: a line each, or a table in CSV. Pure."""

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from jobs.errors import WorkError
from jobs.work.fetch import FetchError, Policy
from jobs.work.fetch.urls import acceptable

#: What the column with the addresses may be called; the first that is found counts.
URL_COLUMNS = ("url", "address", "image", "image_url", "link", "src")
_DELIMITERS = ",;\t"
#: Stands for "one column": no text has it, so a comma in an address parts nothing.
_NO_DELIMITER = "\x1f"
_TORN = (
    "The row has more cells than the first line names. If the address has a comma in it, put it in "
    "quotes. If there are several columns, begin with a line of names, one of them url."
)
_MOST_PROBLEMS = 50
_SHOWN_CHARACTERS = 120


#: A line, its address, and what is wrong with the row itself, if anything.
_Row = tuple[int, str, str]


@dataclass(frozen=True, slots=True)
class Wanted:
    """One address, and the line it stands in."""

    line: int
    url: str


@dataclass(frozen=True, slots=True)
class Problem:
    """A line that cannot be used."""

    line: int
    text: str
    message: str

    def __str__(self) -> str:
        return f"Line {self.line}: {self.message} ({self.text})"


class BadUrlList(WorkError):
    """The list cannot be used; `problems` names the lines, the first fifty of `count`."""

    def __init__(self, message: str, problems: Sequence[Problem] = (), count: int = 0) -> None:
        super().__init__(message)
        self.problems = problems
        self.count = count


@dataclass(frozen=True, slots=True)
class UrlList:
    """What a list says, in its order, each address once."""

    wanted: Sequence[Wanted]
    #: How many lines repeated an address that stood there before.
    repeated: int


def read_urls(text: str, policy: Policy, *, is_table: bool = False, most: int) -> UrlList:
    """Read a list of at most `most` addresses. Blank lines and lines that begin with # are skipped.

    A table has a column "url" (or the like) in its first line, or nothing but addresses. A pasted
    text counts as a table if its first line has such a column. Where there is one column, an
    address with commas in it is taken whole; a row with more cells than the first line names, or
    with several if it names none, is refused: nobody can tell where its address ends.

    Raises:
        BadUrlList: there is none, there are too many, or some cannot be downloaded from.
    """
    lines = text.lstrip("\ufeff").splitlines()
    rows = _table_rows(lines) if is_table or _has_header(lines) else _plain_rows(lines)
    try:
        return _checked(rows, policy, most)
    except csv.Error as error:
        raise BadUrlList(f"The table cannot be read: {error}. Is a quote left open?") from None


def check_urls(urls: Sequence[str], policy: Policy, *, most: int) -> UrlList:
    """The same for a list that is one already; its lines count from 1. Raises BadUrlList."""
    return _checked(((line, url, "") for line, url in enumerate(urls, 1)), policy, most)


def _checked(rows: Iterable[_Row], policy: Policy, most: int) -> UrlList:
    found: dict[str, Wanted] = {}
    problems: list[Problem] = []
    bad = repeated = 0
    for line, url, torn in rows:
        if wrong := torn or _fault(url, policy):
            bad += 1
            if len(problems) < _MOST_PROBLEMS:
                problems.append(Problem(line, url[:_SHOWN_CHARACTERS], wrong))
            continue
        if url in found:
            repeated += 1
            continue
        found[url] = Wanted(line, url)
        if len(found) > most:
            raise BadUrlList(f"There are more than {most:,} addresses. Split the list.")
    if bad:
        lines = "1 line" if bad == 1 else f"{bad:,} lines"
        raise BadUrlList(f"{lines} cannot be downloaded from. Nothing was started.", problems, bad)
    if not found:
        raise BadUrlList("There is no address in the list. Give at least one, a line each.")
    return UrlList(list(found.values()), repeated)


def _fault(url: str, policy: Policy) -> str:
    try:
        acceptable(url, policy)
    except FetchError as error:
        return str(error)
    return ""


def _plain_rows(lines: Sequence[str]) -> Iterator[_Row]:
    for number, line in enumerate(lines, 1):
        url = line.strip()
        if url and not url.startswith("#"):
            yield number, url, ""


def _table_rows(lines: Sequence[str]) -> Iterator[_Row]:
    first = next((number for number, line in enumerate(lines) if line.strip()), len(lines))
    if first == len(lines):
        return
    reader = csv.reader(lines[first:], delimiter=_delimiter(lines[first]))
    names = [cell.strip().lower() for cell in next(csv.reader([lines[first]], reader.dialect))]
    column = _column(names)
    known = 1 if column is None else len(names)
    if column is not None:
        next(reader)
    for row in reader:
        url = row[column or 0].strip() if len(row) > (column or 0) else ""
        if url and not url.startswith("#"):
            torn = any(cell.strip() for cell in row[known:])
            shown = reader.dialect.delimiter.join(row) if torn else url
            yield first + reader.line_num, shown, _TORN if torn else ""


def _has_header(lines: Sequence[str]) -> bool:
    """Whether the first line names a column: then it is a table, whatever it came in."""
    first = next((line for line in lines if line.strip()), "")
    cells = re.split(f"[{_DELIMITERS}]", first)
    return _column([cell.strip(' "').lower() for cell in cells]) is not None


def _delimiter(line: str) -> str:
    """The mark that stands in the first line most often."""
    marks = {mark: line.count(mark) for mark in _DELIMITERS}
    best = max(marks, key=lambda mark: marks[mark])
    return best if marks[best] else _NO_DELIMITER


def _column(names: Sequence[str]) -> int | None:
    return next((names.index(name) for name in URL_COLUMNS if name in names), None)


def decode(data: bytes) -> str:
    """The text of a file: UTF-8, else what older programs write."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        kind = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "cp1252"
        return data.decode(kind, "replace")

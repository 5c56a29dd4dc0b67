"""docs/job-lifecycle.md says what the code does."""

import re
from pathlib import Path

from jobs.states import TRANSITIONS, State

PAGE = Path(__file__).resolve().parents[2] / "docs" / "job-lifecycle.md"


def rows(heading):
    section = PAGE.read_text().split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    lines = [line for line in section.splitlines() if line.startswith("|")][2:]
    return [[cell.strip(" `") for cell in line.strip("|").split("|")] for line in lines]


def test_the_page_names_every_state_once():
    assert [row[0] for row in rows("States")] == [state.value for state in State]


def test_the_page_lists_every_change_that_an_operation_may_make():
    told = {
        (None if a == "(new)" else State(a), State(b)) for a, b, _ in rows("Every change there is")
    }
    assert told == set(TRANSITIONS)


def test_the_drawing_shows_no_change_that_does_not_exist():
    drawing = PAGE.read_text().split("```mermaid", 1)[1].split("```", 1)[0]
    arrows = re.findall(r"^\s*(\[\*\]|\w+) --> (\w+)", drawing, re.MULTILINE)
    drawn = {(None if a == "[*]" else State(a), State(b)) for a, b in arrows}
    assert drawn
    assert drawn <= TRANSITIONS

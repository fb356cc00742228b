"""Each decision has a status and a date, and all have the same form."""

import re
from datetime import date
from pathlib import Path

import pytest

DECISIONS = sorted((Path(__file__).parents[3] / "docs" / "decisions").glob("*.md"))
FORM = re.compile(
    r"# (?P<number>\d+)\. [^\n]+\n\n"
    r"- Status: (?:Proposed|Accepted|Rejected|Superseded by \d{4})(?:; [^\n]+)?\n"
    r"- Date: (?P<date>\d{4}-\d\d-\d\d)\n\n"
    r"\*\*Context\.\*\* .+\n\n\*\*Decision\.\*\* .+\n\n\*\*Consequence\.\*\* .+",
    re.DOTALL,
)


@pytest.mark.parametrize("file", DECISIONS, ids=lambda file: file.stem)
def test_a_decision_has_the_common_form(file: Path) -> None:
    found = FORM.fullmatch(file.read_text(encoding="utf-8"))
    assert found, "number and title, Status, Date, then Context, Decision, Consequence"
    assert int(found["number"]) == int(file.name[:4])
    date.fromisoformat(found["date"])


def test_decisions_are_numbered_without_gaps() -> None:
    assert [int(file.name[:4]) for file in DECISIONS] == list(range(1, len(DECISIONS) + 1))

"""Every row of the tables in docs/needs.md cites a test that exists."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "needs.md").read_text(encoding="utf-8")
TABLES = re.findall(r"^\| what holds \| test \|\n\|---\|---\|\n((?:\|.*\n)+)", PAGE, re.MULTILINE)
ROWS = [line.strip("|").split("|") for table in TABLES for line in table.splitlines()]


@pytest.mark.parametrize("row", ROWS, ids=[row[0].strip()[:40] for row in ROWS])
def test_each_row_cites_an_existing_test(row: list[str]) -> None:
    _, cited = row
    (file, name), *others = re.findall(r"`((?:unit|integration)/[\w/]+\.py)::(\w+)`", cited)
    assert others == []
    assert f"def {name}(" in (ROOT / "tests" / file).read_text(encoding="utf-8")

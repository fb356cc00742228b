"""What the page of needs says of proxies and HTTP has its test, sentence by sentence."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "needs.md").read_text(encoding="utf-8")
(SECTION,) = re.findall(r"^## Proxy and HTTP\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
ROWS = [line.strip("|").split("|") for line in SECTION.splitlines() if line.startswith("| ")][1:]


@pytest.mark.parametrize("row", ROWS, ids=[row[0].strip()[:40] for row in ROWS])
def test_each_row_names_a_test_that_exists(row: list[str]) -> None:
    _, cited = row
    (file, name), *others = re.findall(r"`((?:unit|integration)/[\w/]+\.py)::(\w+)`", cited)
    assert others == []
    assert f"def {name}(" in (ROOT / "tests" / file).read_text(encoding="utf-8")

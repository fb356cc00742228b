"""docs/security.md cites only tests that exist, and its measurements are current."""

import re
from pathlib import Path

import pytest

from integration.edge.shapes import SHAPES
from pages import edge

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
CITED = sorted(set(re.findall(r"`((?:unit|integration|conformance)/[\w/]+\.py)(?:::(\w+))?`", PAGE)))


@pytest.mark.parametrize(("file", "name"), CITED, ids=["::".join(filter(None, cited)) for cited in CITED])
def test_every_cited_test_exists(file: str, name: str) -> None:
    text = (ROOT / "tests" / file).read_text(encoding="utf-8")
    assert f"def {name}(" in text if name else "def test_" in text


def test_every_requirement_is_named_once() -> None:
    rows = [line.split("|")[1] for line in PAGE.splitlines() if line.startswith("| v5.0.0-")]
    cited = [identifier for row in rows for identifier in re.findall(r"\d+\.\d+\.\d+(?!-)", row.replace("v5.0.0-", ""))]
    assert len(cited) > 80
    assert len(set(cited)) == len(cited)


def test_the_outcome_of_each_shape_is_the_measured_one() -> None:
    assert edge.shapes_in(PAGE) == {shape.name: shape.outcome for shape in SHAPES}

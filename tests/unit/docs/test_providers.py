"""The generator in docs/providers.md is complete: it passes the conformance suite."""

import re
from pathlib import Path
from typing import Any

import pytest

from darkroom.adapters.conformance import GeneratorContract
from darkroom.domain.ports import ImageGenerator

ROOT = Path(__file__).parents[3]


def shown_in(page: str) -> dict[str, Any]:
    """The names that the Python code of a page defines."""
    (code,) = re.findall(r"^```python\n(.*?)^```$", (ROOT / page).read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    shown: dict[str, Any] = {}
    exec(compile(code, page, "exec"), shown)  # noqa: S102  # our own page
    return shown


class TestSquares(GeneratorContract):
    @pytest.fixture
    def generator(self) -> ImageGenerator:
        squares: ImageGenerator = shown_in("docs/providers.md")["Squares"]()
        return squares

"""The generators that README and the guide show are whole: each passes the suite that they point to."""

import re
from pathlib import Path
from typing import Any

import pytest

from darkroom.adapters.conformance import GeneratorContract
from darkroom.adapters.in_memory.generator import tile
from darkroom.domain.model.generation import GenerationRequest
from darkroom.domain.ports import ImageGenerator

ROOT = Path(__file__).parents[3]


class MyProvider:
    """Whoever draws, as README's generator speaks to it."""

    def __init__(self) -> None:
        self._orders: list[GenerationRequest] = []

    async def order(self, request: GenerationRequest, key: str) -> bytes:
        del key
        self._orders.append(request)
        return str(len(self._orders) - 1).encode()

    async def fetch(self, reference: bytes, index: int) -> bytes:
        request = self._orders[int(reference)]
        return tile(request.size.width, request.size.height, request.seeds[index].value)


def shown_in(page: str) -> dict[str, Any]:
    """What the Python of a page defines, given what it takes for granted."""
    (code,) = re.findall(r"^```python\n(.*?)^```$", (ROOT / page).read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    shown: dict[str, Any] = {"my_provider": MyProvider()}
    exec(compile(code, page, "exec"), shown)  # noqa: S102  # our own page
    return shown


TestMyGenerator = shown_in("README.md")["TestMyGenerator"]


class TestSquares(GeneratorContract):
    @pytest.fixture
    def generator(self) -> ImageGenerator:
        squares: ImageGenerator = shown_in("docs/providers.md")["Squares"]()
        return squares

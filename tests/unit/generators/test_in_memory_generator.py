from __future__ import annotations

import pytest

from adapters.conformance import GeneratorContract
from adapters.in_memory.generator import InMemoryImageGenerator


class TestInMemoryImageGenerator(GeneratorContract):
    @pytest.fixture
    def generator(self) -> InMemoryImageGenerator:
        return InMemoryImageGenerator()

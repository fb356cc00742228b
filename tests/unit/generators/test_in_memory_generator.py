from __future__ import annotations

import pytest

from darkroom.adapters.conformance import GeneratorContract
from darkroom.adapters.in_memory.generator import InMemoryImageGenerator


class TestInMemoryImageGenerator(GeneratorContract):
    @pytest.fixture
    def generator(self) -> InMemoryImageGenerator:
        return InMemoryImageGenerator()

from __future__ import annotations

import pytest

from adapters.in_memory.generator import InMemoryImageGenerator
from conformance.generator_contract import GeneratorContract


class TestInMemoryImageGenerator(GeneratorContract):
    @pytest.fixture
    def generator(self) -> InMemoryImageGenerator:
        return InMemoryImageGenerator()

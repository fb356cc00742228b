import pytest

from adapters.generators.sketch import SketchImageGenerator
from conformance.generator_contract import GeneratorContract


class TestSketchImageGenerator(GeneratorContract):
    @pytest.fixture
    def generator(self) -> SketchImageGenerator:
        return SketchImageGenerator()

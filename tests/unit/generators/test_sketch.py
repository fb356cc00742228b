import pytest

from adapters.conformance import GeneratorContract
from adapters.generators.sketch import SketchImageGenerator


class TestSketchImageGenerator(GeneratorContract):
    @pytest.fixture
    def generator(self) -> SketchImageGenerator:
        return SketchImageGenerator()

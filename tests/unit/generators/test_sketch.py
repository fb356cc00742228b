import pytest

from darkroom.adapters.conformance import GeneratorContract
from darkroom.adapters.generators.sketch import SketchImageGenerator


class TestSketchImageGenerator(GeneratorContract):
    @pytest.fixture
    def generator(self) -> SketchImageGenerator:
        return SketchImageGenerator()

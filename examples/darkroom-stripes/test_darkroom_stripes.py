import pytest
from darkroom_stripes import StripesImageGenerator

from darkroom.adapters.conformance import GeneratorContract


class TestStripes(GeneratorContract):
    @pytest.fixture
    def generator(self) -> StripesImageGenerator:
        return StripesImageGenerator(16)

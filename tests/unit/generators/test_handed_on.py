"""Every wrapper of a generator passes each call on to it and does not fall back to the port's default."""

import pytest

from darkroom.adapters.generators.by_version import ByVersionImageGenerator
from darkroom.adapters.marks.generator import MarkingImageGenerator
from darkroom.adapters.watching.ports.generator import WatchedImageGenerator
from darkroom.domain.ports import ImageGenerator

VERBS = {name for name in vars(ImageGenerator) if not name.startswith("_")}


@pytest.mark.parametrize("wrapper", [ByVersionImageGenerator, MarkingImageGenerator, WatchedImageGenerator])
def test_a_wrapper_defines_every_method_of_the_port(wrapper: type[ImageGenerator]) -> None:
    assert set(vars(wrapper)) >= VERBS

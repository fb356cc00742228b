"""Whoever stands before a generator hands on all that it can do, and not what the port would do in its place."""

import pytest

from darkroom.adapters.generators.by_version import ByVersionImageGenerator
from darkroom.adapters.marks.generator import MarkingImageGenerator
from darkroom.adapters.watching.ports.generator import WatchedImageGenerator
from darkroom.domain.ports import ImageGenerator

VERBS = {name for name in vars(ImageGenerator) if not name.startswith("_")}


@pytest.mark.parametrize("wrapper", [ByVersionImageGenerator, MarkingImageGenerator, WatchedImageGenerator])
def test_every_verb_is_handed_on(wrapper: type[ImageGenerator]) -> None:
    assert set(vars(wrapper)) >= VERBS

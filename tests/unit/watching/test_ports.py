"""A decorated port is the whole port: what has a default in it would be answered by the default, unheard."""

import pytest

from adapters.watched.generator import WatchedImageGenerator
from adapters.watched.ledger import WatchedGenerationLedger
from adapters.watched.storage import WatchedImageStorage
from domain.ports import GenerationLedger, ImageGenerator, ImageStorage


@pytest.mark.parametrize(
    ("port", "watched"),
    [
        (ImageGenerator, WatchedImageGenerator),
        (ImageStorage, WatchedImageStorage),
        (GenerationLedger, WatchedGenerationLedger),
    ],
)
def test_every_method_of_the_port_goes_through(port: type, watched: type) -> None:
    methods = {name for name in vars(port) if not name.startswith("_")}
    assert methods
    assert methods <= vars(watched).keys()

"""A decorated port is the whole port: what has a default in it would be answered by the default, unheard."""

import pytest

from darkroom.adapters.watching.ports.generator import WatchedImageGenerator
from darkroom.adapters.watching.ports.ledger import WatchedGenerationLedger
from darkroom.adapters.watching.ports.spool import WatchedImageSpool
from darkroom.adapters.watching.ports.storage import WatchedImageStorage
from darkroom.adapters.watching.ports.webhook_ledger import WatchedWebhookLedger
from darkroom.domain.ports import GenerationLedger, ImageGenerator, ImageSpool, ImageStorage, WebhookLedger


@pytest.mark.parametrize(
    ("port", "watched"),
    [
        (ImageGenerator, WatchedImageGenerator),
        (ImageStorage, WatchedImageStorage),
        (ImageSpool, WatchedImageSpool),
        (GenerationLedger, WatchedGenerationLedger),
        (WebhookLedger, WatchedWebhookLedger),
    ],
)
def test_every_method_of_the_port_goes_through(port: type, watched: type) -> None:
    methods = {name for name in vars(port) if not name.startswith("_")}
    assert methods
    assert methods <= vars(watched).keys()

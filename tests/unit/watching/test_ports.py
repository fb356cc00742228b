"""A watched port defines every method: the default of a method would hide calls from the watcher."""

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
def test_a_watched_port_defines_every_method(port: type, watched: type) -> None:
    methods = {name for name in vars(port) if not name.startswith("_")}
    assert methods
    assert methods <= vars(watched).keys()

"""What `darkroom orphans` finds, with a ledger and a storage in memory."""

from conformance.generations import drawn, image_of, received, stored
from darkroom.adapters.conformance import put
from darkroom.adapters.in_memory.ledger import InMemoryGenerationLedger
from darkroom.adapters.in_memory.storage import InMemoryImageStorage
from darkroom.domain.model.image_file import MediaType
from darkroom.domain.model.limits import Limits
from darkroom.entrypoints.commands.orphans import Orphans, compare


async def test_images_that_wait_are_distinguished_from_lost_ones() -> None:
    ledger, storage = InMemoryGenerationLedger(), InMemoryImageStorage()
    waiting, lost, kept = received(), received(), received()
    for order, revisions in ((waiting, drawn(waiting)), (lost, stored(lost)), (kept, stored(kept))):
        await ledger.receive(order, Limits())
        for revision in revisions:
            await ledger.record(revision)
    await put(storage, image_of(kept).key, b"an image", MediaType.WEBP)
    await put(storage, "images/stranger.png", b"an image")

    found = await compare(ledger, storage)

    assert found == Orphans(unknown=["images/stranger.png"], lost=[image_of(lost).key], waiting=[image_of(waiting).key])

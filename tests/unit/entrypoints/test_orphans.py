"""What `darkroom orphans` finds, from the books in memory."""

from conformance.generations import drawn, image_of, received, stored
from darkroom.adapters.conformance import put
from darkroom.adapters.in_memory.ledger import InMemoryGenerationLedger
from darkroom.adapters.in_memory.storage import InMemoryImageStorage
from darkroom.domain.model.image_file import MediaType
from darkroom.domain.model.limits import Limits
from darkroom.entrypoints.commands.orphans import Orphans, compare


async def test_what_waits_is_told_from_what_is_lost() -> None:
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

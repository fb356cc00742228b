"""Each signing gives other bytes, and the ledger, the spool and the storage still agree on one of them."""

import asyncio
import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from conformance.generations import NOON, received
from darkroom.adapters.generators.sketch import SketchImageGenerator
from darkroom.adapters.in_memory.ledger import InMemoryGenerationLedger
from darkroom.adapters.in_memory.spool import InMemoryImageSpool
from darkroom.adapters.in_memory.storage import InMemoryImageStorage
from darkroom.adapters.marks.credentials import ContentCredentials
from darkroom.adapters.marks.files import Mark, stated_in_xmp
from darkroom.adapters.marks.generator import MarkingImageGenerator
from darkroom.adapters.marks.inspection import inspect
from darkroom.domain.model.generation import Generation, State
from darkroom.domain.model.limits import Limits
from darkroom.domain.model.policy import Policy
from darkroom.domain.use_cases.application import Application
from darkroom.domain.use_cases.work import Work
from unit.marks.authority import Authority, pem_of


class CrashingSpool(InMemoryImageSpool):
    """Keeps images until the given number is reached, and then its process dies."""

    def __init__(self, images: int) -> None:
        super().__init__()
        self._left = images
        self.crashed = asyncio.Event()

    async def put(self, generation_id: str, index: int, data: bytes) -> str:
        sha256 = await super().put(generation_id, index, data)
        self._left -= 1
        if self._left == 0:
            self.crashed.set()
            await asyncio.Event().wait()
        return sha256


def signing() -> Mark:
    key = ec.generate_private_key(ec.SECP256R1())
    return ContentCredentials(chain=Authority().certify(key), key=pem_of(key), algorithm="es256")


@pytest.mark.parametrize("mark", [stated_in_xmp, signing()], ids=["xmp", "c2pa"])
@pytest.mark.parametrize("images", [1, 2, 3])
async def test_stored_images_match_the_ledger_after_a_crash(mark: Mark, images: int) -> None:
    ledger, spool, storage = InMemoryGenerationLedger(), CrashingSpool(images), InMemoryImageStorage()
    generator = MarkingImageGenerator(SketchImageGenerator(), mark, prompts=False)
    cards = {card.version.value: card for card in generator.cards}

    def process() -> Work:
        ports = (generator, storage, spool, ledger)
        return Application.of(*ports, cards=cards, policy=Policy(), clock=lambda: NOON).generate.work

    generation = await ledger.receive(received(version="sketch", samples=3), Limits())
    dying, next_one = process(), process()
    dying.resume(generation)
    await spool.crashed.wait()
    for job in [*dying._jobs.values()]:  # noqa: SLF001
        job.task.cancel()  # type: ignore[union-attr]  # it has begun

    spooled = dict(spool.kept)
    next_one.resume(await again(ledger, generation))
    known = await next_one.answer(generation.id)
    assert known
    stored = known.generation

    assert stored.state is State.STORED
    assert {(image.sha256, image.length) for image in stored.images} == {
        (hashlib.sha256(data).hexdigest(), len(data)) for data, _ in storage.kept.values()
    }
    for image in stored.images:
        found = inspect(storage.kept[image.key][0])
        assert found.seed == str(image.index)
        assert found.credentials is None or found.credentials.state == "valid"
    same = {data for data, _ in storage.kept.values()} >= set(spooled.values())
    assert same is (mark is stated_in_xmp)
    await next_one.drain()
    assert spool.kept == {}


async def again(ledger: InMemoryGenerationLedger, generation: Generation) -> Generation:
    """The generation as the ledger returns it after a restart."""
    found = await ledger.find(generation.id)
    assert found is not None
    return found

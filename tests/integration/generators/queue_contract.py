"""The rules for a generator whose provider queues drawings and is polled for them."""

from __future__ import annotations

from typing import Any, ClassVar

import msgspec
import pytest

from darkroom.adapters.conformance import ProviderContract, collected, draw, plain_request
from darkroom.domain.model.errors import UnusableImage
from darkroom.domain.ports import ImageGenerator, Receipt
from integration.generators.simulated import SimulatedQueue


class QueueContract(ProviderContract):
    """The rules for such a generator, in addition to those for every provider."""

    stumbles: ClassVar[tuple[str, ...]] = ()
    """Faults of polling that pass by themselves."""

    no_references: ClassVar[tuple[bytes, ...]] = (b"../account", b"\xff")
    """References in a receipt that do not name a drawing of the provider."""

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        super().pytest_generate_tests(metafunc)
        for name, values in (("stumble", self.stumbles), ("no_reference", self.no_references)):
            if name in metafunc.fixturenames:
                metafunc.parametrize(name, values)

    async def test_another_process_can_collect_with_the_receipt_alone(self, provider: SimulatedQueue[Any]) -> None:
        async with provider.opened() as generator:
            request = plain_request(generator.cards[0], samples=3)
            reference = (await generator.submit(request, "key")).reference
        async with provider.opened() as generator:
            images = await collected(generator, request, Receipt(reference))

        assert sorted(images) == [0, 1, 2]
        assert provider.charged_images == 3
        assert provider.image_host.encode() not in reference

    async def test_polling_continues_after_a_fault_that_passes(
        self, generator: ImageGenerator, provider: SimulatedQueue[Any], stumble: str
    ) -> None:
        provider.simulator.faults.set(stumble, times=2)

        assert (await draw(generator, plain_request(generator.cards[0])))[1] is None

    async def test_a_receipt_that_names_no_drawing_is_unusable(
        self, provider: SimulatedQueue[Any], no_reference: bytes
    ) -> None:
        receipt = Receipt(msgspec.json.encode({"references": {0: no_reference}}))
        async with provider.opened() as generator:
            with pytest.raises(UnusableImage):
                await collected(generator, plain_request(generator.cards[0]), receipt)

"""The rules for a generator whose provider queues drawings and is polled for them."""

from __future__ import annotations

from typing import Any, ClassVar

import msgspec
import pytest

from darkroom.adapters.conformance import ProviderContract, collected, draw, plain_request
from darkroom.domain.model.errors import UnusableImage
from darkroom.domain.ports import ImageGenerator, Receipt
from integration.generators.simulated import SimulatedQueue
from simulators.hosts import another_host


class QueueContract(ProviderContract):
    """The rules for such a generator, in addition to those for every provider."""

    stumbles: ClassVar[tuple[str, ...]] = ()
    """Faults of polling that pass by themselves."""

    astray: ClassVar[tuple[str, ...]] = (
        "redirect-elsewhere",
        "poll-redirect-elsewhere",
        "link-other-port",
        "fetch-redirect-elsewhere",
    )
    """Faults that lead to another host."""

    no_references: ClassVar[tuple[bytes, ...]] = (b"../account", b"\xff")
    """References in a receipt that do not name a drawing of the provider."""

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        super().pytest_generate_tests(metafunc)
        for name, values in (
            ("stumble", self.stumbles),
            ("astray", self.astray),
            ("no_reference", self.no_references),
        ):
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

    async def test_the_key_is_sent_to_the_hosts_of_the_api_only(
        self, generator: ImageGenerator, provider: SimulatedQueue[Any], astray: str
    ) -> None:
        """It goes neither to the host of the images, nor to another host that a redirect, an answer or a link names."""
        async with another_host() as other:
            provider.simulator.elsewhere = other.url
            provider.simulator.faults.set(astray, times=1)
            for _ in range(2):
                await draw(generator, plain_request(generator.cards[0]))

            assert provider.simulator.fetches
            recipients = provider.simulator.recipients.of(provider.key)
            assert recipients == provider.key_hosts, f"the key was sent to {recipients}, not to {provider.key_hosts}"
            assert len(other.recipients) == 0, f"a request was sent to another host because of {astray}"

    async def test_a_receipt_that_names_no_drawing_is_unusable(
        self, provider: SimulatedQueue[Any], no_reference: bytes
    ) -> None:
        receipt = Receipt(msgspec.json.encode({"references": {0: no_reference}}))
        async with provider.opened() as generator:
            with pytest.raises(UnusableImage):
                await collected(generator, plain_request(generator.cards[0]), receipt)

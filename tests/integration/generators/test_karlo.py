"""The generator for Karlo against its simulator: the rules for every generator, and its own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from typing import Literal

import pytest

from darkroom.adapters.conformance import ProviderContract, collected, draw, plain_request
from darkroom.adapters.generators.karlo import KarloImageGenerator, open_karlo
from darkroom.adapters.outbound_http.intake import Intake
from darkroom.domain.model.errors import UnusableImage
from darkroom.domain.model.image_file import MediaType
from darkroom.domain.model.values import Seed
from darkroom.domain.ports import Receipt
from integration.generators.karlo_provider import KarloProvider
from integration.generators.simulated import BY_LINK


def opened(
    provider: KarloProvider,
    *,
    patience: float = 60.0,
    return_type: Literal["url", "base64_string"] = "url",
    image_format: Literal["webp", "jpeg", "png"] = "webp",
    nsfw_checker: bool = False,
) -> AbstractAsyncContextManager[KarloImageGenerator]:
    return open_karlo(
        api_key=provider.api_key,
        base_url=provider.base_url,
        image_hosts=[provider.image_host],
        return_type=return_type,
        image_format=image_format,
        nsfw_checker=nsfw_checker,
        call_timeout=patience,
        fetch_timeout=patience,
        intake=Intake(image=16 * 2**20),  # three of these are less than an endless answer of the simulator
    )


class TestByLinks(ProviderContract):
    @pytest.fixture
    async def generator(self, provider: KarloProvider) -> AsyncIterator[KarloImageGenerator]:
        async with opened(provider) as generator:
            yield generator

    @pytest.fixture
    async def impatient(self, provider: KarloProvider) -> AsyncIterator[KarloImageGenerator]:
        async with opened(provider, patience=1.0) as generator:
            yield generator


class TestInBase64(ProviderContract):
    situations = KarloProvider.situations() - set(BY_LINK)

    @pytest.fixture
    async def generator(self, provider: KarloProvider) -> AsyncIterator[KarloImageGenerator]:
        async with opened(provider, return_type="base64_string", image_format="png") as generator:
            yield generator

    @pytest.fixture
    async def impatient(self, provider: KarloProvider) -> AsyncIterator[KarloImageGenerator]:
        async with opened(provider, return_type="base64_string", image_format="png", patience=1.0) as generator:
            yield generator


async def test_the_call_is_as_karlo_documents_it(provider: KarloProvider) -> None:
    async with opened(provider, image_format="jpeg", nsfw_checker=True) as generator:
        await draw(generator, plain_request(generator.cards[1], samples=2))

    (call,) = provider.simulator.calls
    assert call.headers["authorization"] == f"KakaoAK {provider.api_key}"
    assert call.headers["content-type"] == "application/json"
    assert call.headers["accept-encoding"] == "identity"
    assert call.headers["connection"] == "close"
    assert call.body == {
        "version": "v2.1",
        "prompt": plain_request(generator.cards[1]).prompt.value,
        "width": 384,
        "height": 384,
        "samples": 2,
        "seed": [2**31, 2**31 + 1],
        "image_format": "jpeg",
        "return_type": "url",
        "nsfw_checker": True,
    }


@pytest.mark.parametrize("image_format", ["webp", "jpeg", "png"])
async def test_cards_and_images_have_the_format_that_the_operator_chose(
    provider: KarloProvider, image_format: Literal["webp", "jpeg", "png"]
) -> None:
    async with opened(provider, image_format=image_format) as generator:
        images, _ = await draw(generator, plain_request(generator.cards[0]))

    assert {card.media_type for card in generator.cards} == {MediaType(f"image/{image_format}")}
    assert images[0].file.media_type == f"image/{image_format}"


async def test_a_link_is_opened_exactly_as_it_was_given(provider: KarloProvider) -> None:
    async with opened(provider) as generator:
        request = plain_request(generator.cards[0], samples=8)
        receipt = await generator.submit(request, "key")
        images = [image async for image in generator.collect(request, receipt)]

    assert len(images) == 8
    for fetch in provider.simulator.book.fetches:
        assert fetch.url.encode() in receipt.reference
        assert "authorization" not in fetch.headers


async def test_ids_and_seeds_come_back_as_karlo_gave_them(provider: KarloProvider) -> None:
    async with opened(provider) as generator:
        images, _ = await draw(generator, plain_request(generator.cards[0], samples=3, first_seed=2**32 - 3))

    ids = [images[index].id or "" for index in range(3)]
    assert all("-" in one for one in ids)
    assert {"=", "+", "/"} <= set("".join(ids)), "the simulator has stopped drawing ids like Karlo's"
    assert [images[index].seed for index in range(3)] == [Seed(2**32 - 3), Seed(2**32 - 2), Seed(2**32 - 1)]


async def test_images_that_came_with_the_answer_are_lost_with_it(provider: KarloProvider) -> None:
    async with opened(provider, return_type="base64_string") as generator:
        with pytest.raises(UnusableImage, match="lost"):
            await collected(generator, plain_request(generator.cards[0]), Receipt())

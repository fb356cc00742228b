"""The generator for Stability AI against its simulator: the rules for every generator, and its own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace

import pytest

from darkroom.adapters.conformance import ProviderContract, draw, full_request, plain_request
from darkroom.adapters.generators.stability import open_stability
from darkroom.adapters.generators.stability.generator import OutputFormat
from darkroom.adapters.generators.stability.models import MODELS
from darkroom.domain.model.errors import Charged, GeneratorRefused, InvalidValue, PromptRejected
from darkroom.domain.model.image_file import MediaType
from darkroom.domain.model.values import Seed
from darkroom.domain.ports import ImageGenerator
from integration.generators.stability_provider import StabilityProvider, stability_provider
from simulators.stability.form import read_form


@pytest.fixture
async def provider() -> AsyncIterator[StabilityProvider]:
    async with stability_provider() as running:
        yield running


def opened(
    provider: StabilityProvider,
    *,
    patience: float = 60.0,
    api_key: str | None = None,
    models: Iterable[str] = tuple(MODELS),
    output_format: OutputFormat = "png",
) -> AbstractAsyncContextManager[ImageGenerator]:
    return open_stability(
        api_key=api_key or provider.api_key,
        base_url=provider.base_url,
        models=models,
        output_format=output_format,
        call_timeout=patience,
    )


@pytest.fixture
async def generator(provider: StabilityProvider) -> AsyncIterator[ImageGenerator]:
    async with opened(provider) as generator:
        yield generator


class TestStability(ProviderContract):
    situations = StabilityProvider.situations()

    @pytest.fixture
    async def generator(self, provider: StabilityProvider) -> AsyncIterator[ImageGenerator]:
        async with opened(provider, output_format="jpeg") as generator:
            yield generator

    @pytest.fixture
    async def impatient(self, provider: StabilityProvider) -> AsyncIterator[ImageGenerator]:
        async with opened(provider, output_format="jpeg", patience=1.0) as generator:
            yield generator

    async def test_each_image_is_of_the_size_and_type_that_its_model_card_says(self, generator: ImageGenerator) -> None:
        """Only a shape can be ordered; Stability AI decides how many pixels an image has."""
        for card in generator.cards:
            for size in card.sizes or ():
                images, _ = await draw(generator, replace(full_request(card), size=size))

                file = images[0].file
                assert file.width / file.height == pytest.approx(size.width / size.height, rel=0.05)
                assert file.media_type is card.media_type


async def test_the_call_is_as_stability_ai_documents_it(generator: ImageGenerator, provider: StabilityProvider) -> None:
    card = next(card for card in generator.cards if card.version.value == "sd3.5-medium")
    await draw(generator, plain_request(card, first_seed=7))

    (call,) = provider.simulator.calls
    assert call.url.endswith("/v2beta/stable-image/generate/sd3")
    assert call.headers["authorization"] == f"Bearer {provider.api_key}"
    assert call.headers["accept"] == "application/json"
    assert call.headers["accept-encoding"] == "identity"
    assert call.headers["connection"] == "close"
    assert read_form(call) == {
        "prompt": plain_request(card).prompt.value,
        "model": "sd3.5-medium",
        "aspect_ratio": "1:1",
        "seed": "7",
        "output_format": "png",
    }


async def test_each_sample_is_a_call_with_its_own_seed(generator: ImageGenerator, provider: StabilityProvider) -> None:
    images, failure = await draw(generator, plain_request(generator.cards[0], samples=8, first_seed=1))

    assert failure is None
    assert sorted(asked.seeds for asked in provider.asked) == [(seed,) for seed in range(1, 9)]
    assert [images[index].seed for index in range(8)] == [Seed(seed) for seed in range(1, 9)]


async def test_cards_say_what_an_image_costs_and_what_is_honoured(generator: ImageGenerator) -> None:
    shown = {card.version.value: (str(card.price), card.honours) for card in generator.cards}

    assert shown == {
        "stable-image-core": ("0.03 USD", ("negative_prompt", "seed")),
        "stable-image-ultra": ("0.08 USD", ("negative_prompt", "seed")),
        "sd3.5-large": ("0.065 USD", ("negative_prompt", "seed", "guidance_scale")),
        "sd3.5-large-turbo": ("0.04 USD", ("seed", "guidance_scale")),
        "sd3.5-medium": ("0.035 USD", ("negative_prompt", "seed", "guidance_scale")),
        "sd3.5-flash": ("0.025 USD", ("seed", "guidance_scale")),
    }


async def test_models_and_format_are_those_that_the_operator_chose(provider: StabilityProvider) -> None:
    async with opened(provider, models=["sd3.5-flash", "sd3.5-flash"], output_format="jpeg") as generator:
        (card,) = generator.cards
        images, _ = await draw(generator, plain_request(card))

    assert (card.version.value, card.media_type) == ("sd3.5-flash", MediaType.JPEG)
    assert images[0].file.media_type is MediaType.JPEG


async def test_an_unknown_model_stops_the_start(provider: StabilityProvider) -> None:
    with pytest.raises(InvalidValue, match="'sdxl' must be one of stable-image-core, "):
        async with opened(provider, models=["sdxl"]):
            raise AssertionError("it opened")


async def test_check_reports_a_wrong_key(provider: StabilityProvider) -> None:
    async with opened(provider, api_key="sk-wrong") as generator:
        with pytest.raises(GeneratorRefused, match="refuses our key"):
            await generator.check()


async def test_blurred_images_are_charged_and_held_back_and_the_others_are_returned(
    generator: ImageGenerator, provider: StabilityProvider
) -> None:
    provider.simulator.faults.set("content-filtered", times=2)
    images, failure = await draw(generator, plain_request(generator.cards[0], samples=8))

    assert len(images) == 6
    assert (type(failure), failure and failure.charged) == (PromptRejected, Charged.YES)
    assert provider.charged_images == 8

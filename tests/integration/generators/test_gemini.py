"""The generator for the Gemini API against its simulator: the rules for every generator, and its own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from decimal import Decimal

import pytest

from darkroom.adapters.conformance import ProviderContract, draw, plain_request
from darkroom.domain.model.errors import Charged, GeneratorRefused, GeneratorUnavailable, PromptRejected
from darkroom.domain.model.image_file import MediaType
from darkroom.domain.model.money import Money
from darkroom.domain.model.values import ImageSize, Seed
from darkroom.domain.ports import ImageGenerator
from integration.generators.gemini_provider import GeminiProvider, gemini_provider


@pytest.fixture
async def provider() -> AsyncIterator[GeminiProvider]:
    async with gemini_provider() as running:
        yield running


class TestGemini(ProviderContract):
    situations = GeminiProvider.situations()
    repeatable = False  # Google takes a seed as a hint: the same one gives a similar image

    @pytest.fixture
    async def impatient(self, provider: GeminiProvider) -> AsyncIterator[ImageGenerator]:
        async with provider.opened(patience=2.0) as generator:
            yield generator


async def test_the_call_is_as_google_documents_it(generator: ImageGenerator, provider: GeminiProvider) -> None:
    card = generator.cards[0]
    await draw(generator, replace(plain_request(card, first_seed=7), size=ImageSize(2752, 1536)))

    (call,) = provider.simulator.calls
    assert call.url.endswith("/v1beta/models/gemini-3.1-flash-image:generateContent")  # without the key in its query
    assert call.headers["x-goog-api-key"] == provider.api_key
    assert "authorization" not in call.headers
    assert call.headers["connection"] == "close"
    assert call.body == {
        "contents": [{"role": "user", "parts": [{"text": plain_request(card).prompt.value}]}],
        "generationConfig": {
            "responseModalities": ["IMAGE"],
            "candidateCount": 1,
            "imageConfig": {"aspectRatio": "16:9", "imageSize": "2K"},
            "seed": 7,
        },
    }


async def test_an_image_has_the_shape_of_the_ordered_size(generator: ImageGenerator) -> None:
    (card,) = [card for card in generator.cards if card.version.value == "gemini-3-pro-image"]
    assert len(card.sizes or ()) == 10
    for size in card.sizes or ():
        images, failure = await draw(generator, replace(plain_request(card), size=size))

        assert failure is None
        assert images[0].file.width / images[0].file.height == pytest.approx(size.width / size.height, rel=0.02)


async def test_seeds_are_offered_if_declared_and_fit_a_signed_32_bit_integer(
    generator: ImageGenerator, provider: GeminiProvider
) -> None:
    flash, pro = generator.cards
    images, failure = await draw(generator, plain_request(flash, first_seed=2**31 - 1))

    assert (flash.seed, flash.seed_max, pro.seed) == (True, 2**31 - 1, False)
    assert (failure, images[0].seed) == (None, Seed(2**31 - 1))
    assert [call.seeds for call in provider.asked] == [(2**31 - 1,)]


async def test_the_model_chooses_the_media_type(generator: ImageGenerator, provider: GeminiProvider) -> None:
    provider.simulator.faults.set("image-as-jpeg")
    images, failure = await draw(generator, plain_request(generator.cards[0]))

    assert (failure, images[0].file.media_type) == (None, MediaType.JPEG)


@pytest.mark.parametrize("fault", ["thinking-first", "thinking-last", "another-first"])
async def test_the_image_is_the_last_one_that_is_not_a_thought(
    generator: ImageGenerator, provider: GeminiProvider, fault: str
) -> None:
    provider.simulator.faults.set(fault)
    images, failure = await draw(generator, plain_request(generator.cards[0]))

    assert (failure, images[0].file.width) == (None, 512)


@pytest.mark.parametrize(
    ("fault", "seconds"), [("error-rate-limit", 22), ("error-day-quota", 3600), ("too-many-requests", 7)]
)
async def test_the_time_to_retry_after_is_passed_on(
    generator: ImageGenerator, provider: GeminiProvider, fault: str, seconds: int
) -> None:
    provider.simulator.faults.set(fault)
    _, failure = await draw(generator, plain_request(generator.cards[0]))

    assert isinstance(failure, GeneratorUnavailable)
    assert (failure.charged, failure.retry_after) == (Charged.NO, seconds)


async def test_the_cost_of_a_call_is_computed_from_its_token_counts(provider: GeminiProvider) -> None:
    async with provider.opened(models=["gemini-3-pro-image=tokens=0.5/3/60"]) as generator:
        receipt = await generator.submit(plain_request(generator.cards[0], samples=2), "key")

    # Two calls, each with 10 tokens for the prompt, 100 for thoughts and 1120 for the image.
    assert receipt.cost == Money(Decimal("0.13501"), "USD")


async def test_a_withheld_sample_is_free_and_the_others_are_returned(
    generator: ImageGenerator, provider: GeminiProvider
) -> None:
    provider.simulator.faults.set("withheld-image-safety", times=1)
    images, failure = await draw(generator, plain_request(generator.cards[0], samples=3))

    assert len(images) == provider.charged_images == 2
    assert isinstance(failure, PromptRejected)


@pytest.mark.parametrize(
    ("models", "key", "says"),
    [
        (["gemini-3-pro-image"], "AIza-wrong", "gemini-3-pro-image: .*does not know our key"),
        (["gemini-3-pro-image", "gemini-2.5-flash-image"], None, "gemini-2.5-flash-image: .*has ended it"),
    ],
)
async def test_check_reports_a_wrong_key_and_a_model_that_has_ended(
    provider: GeminiProvider, models: list[str], key: str | None, says: str
) -> None:
    async with provider.opened(models=models, api_key=key) as generator:
        with pytest.raises(GeneratorRefused, match=says):
            await generator.check()

"""The generator for the Images API against its simulator: the rules for every generator, and its own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager

import pytest

from darkroom.adapters.conformance import ProviderContract, draw, full_request, plain_request
from darkroom.adapters.generators.openai_images import GPTImageOptions, open_openai_images, parse_models
from darkroom.adapters.generators.openai_images.call import ResponseFormat
from darkroom.domain.model.errors import Charged, GeneratorRefused, PromptRejected, UnusableImage
from darkroom.domain.model.image_file import MediaType
from darkroom.domain.model.values import ImageSize, Seed
from darkroom.domain.ports import ImageGenerator
from integration.generators.openai_images_provider import OpenAIImagesProvider, openai_images_provider
from integration.generators.simulated import BY_LINK

GPT = ("gpt-image-2", "gpt-image-1.5", "gpt-image-2.5-flare=1024x1024|3840x2160")
ENGINE = "flux-dev=512-2048/16 seed negative_prompt num_inference_steps=28 guidance_scale=3.5"


@pytest.fixture
async def provider() -> AsyncIterator[OpenAIImagesProvider]:
    async with openai_images_provider() as running:
        yield running


def opened(
    provider: OpenAIImagesProvider,
    *models: str,
    patience: float = 60.0,
    api_key: str | None = None,
    options: GPTImageOptions | None = None,
    response_format: ResponseFormat = "b64_json",
) -> AbstractAsyncContextManager[ImageGenerator]:
    return open_openai_images(
        api_key=api_key or provider.api_key,
        base_url=provider.base_url,
        models=parse_models(models),
        options=options,
        response_format=response_format,
        image_hosts=[provider.image_host],
        call_timeout=patience,
        fetch_timeout=patience,
    )


class TestGPTImages(ProviderContract):
    situations = OpenAIImagesProvider.situations() - set(BY_LINK)

    @pytest.fixture
    async def generator(self, provider: OpenAIImagesProvider) -> AsyncIterator[ImageGenerator]:
        async with opened(provider, *GPT) as generator:
            yield generator

    @pytest.fixture
    async def impatient(self, provider: OpenAIImagesProvider) -> AsyncIterator[ImageGenerator]:
        async with opened(provider, *GPT, patience=1.0) as generator:
            yield generator


class TestEngine(ProviderContract):
    situations = OpenAIImagesProvider.situations()

    @pytest.fixture
    async def generator(self, provider: OpenAIImagesProvider) -> AsyncIterator[ImageGenerator]:
        async with opened(provider, ENGINE, response_format="url") as generator:
            yield generator

    @pytest.fixture
    async def impatient(self, provider: OpenAIImagesProvider) -> AsyncIterator[ImageGenerator]:
        async with opened(provider, ENGINE, response_format="url", patience=1.0) as generator:
            yield generator


async def test_the_call_is_as_openai_documents_it(provider: OpenAIImagesProvider) -> None:
    async with opened(provider, "gpt-image-1.5", options=GPTImageOptions(quality="low")) as generator:
        (card,) = generator.cards
        await draw(generator, plain_request(card))

    (call,) = provider.simulator.calls
    assert call.headers["authorization"] == f"Bearer {provider.api_key}"
    assert call.headers["content-type"] == "application/json"
    assert call.headers["accept-encoding"] == "identity"
    assert call.headers["connection"] == "close"
    assert call.body == {
        "model": "gpt-image-1.5",
        "prompt": plain_request(card).prompt.value,
        "n": 1,
        "size": "1024x1024",
        "quality": "low",
        "output_format": "png",
    }


async def test_an_engine_answers_in_base64_unless_the_operator_wants_links(provider: OpenAIImagesProvider) -> None:
    async with opened(provider, ENGINE) as generator:
        request = full_request(generator.cards[0], samples=2)
        images, failure = await draw(generator, request)

    assert [images[index].seed for index in range(2)] == list(request.seeds)
    assert (failure, provider.simulator.fetches) == (None, [])
    assert {call.body["response_format"] for call in provider.simulator.calls} == {"b64_json"}


async def test_text_in_a_file_is_read_for_its_seed_and_then_removed(provider: OpenAIImagesProvider) -> None:
    """The server of stable-diffusion.cpp reports the seed only there, next to the prompts."""
    async with opened(provider, "flux-dev=64-512/8 seed=told") as generator:
        images, _ = await draw(generator, plain_request(generator.cards[0], samples=2, first_seed=7))

    assert [images[index].seed for index in range(2)] == [Seed(7), Seed(8)]
    assert not any(b"Steps: " in image.data for image in images.values())


async def test_images_of_models_without_seeds_have_none(provider: OpenAIImagesProvider) -> None:
    async with opened(provider, "gpt-image-2") as generator:
        images, _ = await draw(generator, plain_request(generator.cards[0], samples=3))

    assert [images[index].seed for index in range(3)] == [None, None, None]
    assert len({image.data for image in images.values()}) == 3


async def test_images_have_the_format_that_the_operator_chose(provider: OpenAIImagesProvider) -> None:
    chosen = GPTImageOptions(output_format="webp", output_compression=70, background="opaque", moderation="low")
    async with opened(provider, "gpt-image-2", options=chosen) as generator:
        (card,) = generator.cards
        images, _ = await draw(generator, plain_request(card))

    assert card.media_type is images[0].file.media_type is MediaType.WEBP


async def test_a_size_that_the_operator_listed_is_drawn(provider: OpenAIImagesProvider) -> None:
    async with opened(provider, "gpt-image-2=3840x2160") as generator:
        images, _ = await draw(generator, plain_request(generator.cards[0]))

    assert ImageSize(images[0].file.width, images[0].file.height) == ImageSize(3840, 2160)


@pytest.mark.parametrize("side", ["before", "after"])
async def test_an_image_that_moderation_holds_back_may_have_been_charged(
    provider: OpenAIImagesProvider, side: str
) -> None:
    provider.simulator.faults.set(f"error-moderation-output-{side}-charge", times=1)
    async with opened(provider, "gpt-image-2") as generator:
        images, failure = await draw(generator, plain_request(generator.cards[0], samples=3))

    assert len(images) == 2
    assert (type(failure), failure and failure.charged) == (PromptRejected, Charged.UNKNOWN)


async def test_an_unexpected_link_to_another_host_is_not_followed(provider: OpenAIImagesProvider) -> None:
    provider.simulator.faults.set("linked-instead")
    async with opened(provider, "gpt-image-2") as generator:
        images, failure = await draw(generator, plain_request(generator.cards[0]))

    assert images == {}
    assert isinstance(failure, UnusableImage)
    assert "a host that is not allowed" in failure.detail


async def test_links_to_the_server_itself_need_not_be_allowed(provider: OpenAIImagesProvider) -> None:
    async with open_openai_images(
        api_key=provider.api_key,
        base_url=f"{provider.image_host}/v1",
        models=parse_models(["flux-dev=64-512 seed"]),
        response_format="url",
    ) as generator:
        images, failure = await draw(generator, plain_request(generator.cards[0]))

    assert (len(images), failure) == (1, None)


async def test_check_reports_a_wrong_key(provider: OpenAIImagesProvider) -> None:
    async with opened(provider, "gpt-image-2", api_key="sk-wrong") as generator:
        with pytest.raises(GeneratorRefused, match="refuses our key"):
            await generator.check()

"""The generator for the Images API against its simulator, by the rules for every generator."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

from adapters.generators.openai_images import open_openai_images
from conformance.generator_contract import ProviderContract, Situation
from domain.ports import ImageGenerator
from integration.generators.openai_images_provider import OpenAIImagesProvider, openai_images_provider

GPT = ("gpt-image-2", "gpt-image-1.5", "gpt-image-2.5-flare=1024x1024|3840x2160")
ENGINE = "flux-dev=512-2048/16 seed negative_prompt num_inference_steps=28 guidance_scale=3.5"

BY_LINK = {
    Situation.LINKS_DEAD,
    Situation.LINKS_ASTRAY,
    Situation.IMAGES_OUT_OF_REACH,
    Situation.FETCHES_STUMBLE,
}


@pytest.fixture
async def provider() -> AsyncIterator[OpenAIImagesProvider]:
    async with openai_images_provider() as running:
        yield running


def opened(
    provider: OpenAIImagesProvider, *models: str, patience: float = 60.0, **options: Any
) -> AbstractAsyncContextManager[ImageGenerator]:
    return open_openai_images(
        api_key=provider.api_key,
        base_url=provider.base_url,
        models=models,
        image_hosts=[provider.image_host],
        call_timeout=patience,
        fetch_timeout=patience,
        **options,
    )


class TestGPTImages(ProviderContract):
    # A refusal after the drawing says nothing of the money: it has a test of its own.
    situations = frozenset(Situation) - BY_LINK - {Situation.ONE_HELD_BACK}

    @pytest.fixture
    async def generator(self, provider: OpenAIImagesProvider) -> AsyncIterator[ImageGenerator]:
        async with opened(provider, *GPT) as generator:
            yield generator

    @pytest.fixture
    async def impatient(self, provider: OpenAIImagesProvider) -> AsyncIterator[ImageGenerator]:
        async with opened(provider, *GPT, patience=1.0) as generator:
            yield generator


class TestEngine(ProviderContract):
    situations = TestGPTImages.situations

    @pytest.fixture
    async def generator(self, provider: OpenAIImagesProvider) -> AsyncIterator[ImageGenerator]:
        async with opened(provider, ENGINE) as generator:
            yield generator

    @pytest.fixture
    async def impatient(self, provider: OpenAIImagesProvider) -> AsyncIterator[ImageGenerator]:
        async with opened(provider, ENGINE, patience=1.0) as generator:
            yield generator


class TestEngineByLinks(ProviderContract):
    situations = TestGPTImages.situations | BY_LINK

    @pytest.fixture
    async def generator(self, provider: OpenAIImagesProvider) -> AsyncIterator[ImageGenerator]:
        async with opened(provider, ENGINE, response_format="url") as generator:
            yield generator

    @pytest.fixture
    async def impatient(self, provider: OpenAIImagesProvider) -> AsyncIterator[ImageGenerator]:
        async with opened(provider, ENGINE, response_format="url", patience=1.0) as generator:
            yield generator

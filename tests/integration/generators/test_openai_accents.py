"""Endpoints whose Images API differs (an accent), each opened only by the settings that docs/providers.md shows."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import pytest

from darkroom.adapters.conformance import draw, full_request
from darkroom.domain.model.parameters import PARAMETERS
from darkroom.domain.model.values import ImageSize
from darkroom.domain.ports import ImageGenerator
from darkroom.entrypoints.container.generators import open_generator
from darkroom.entrypoints.settings import Settings
from simulators.openai_images import OpenAIImagesSimulator, openai_images_simulator
from simulators.openai_images.accents import ACCENTS
from simulators.openai_images.order import OpenOrder

PAGE: Final = Path(__file__).parents[3] / "docs" / "providers.md"
MODELS: Final[Mapping[str, str]] = {
    "azure": "azure-image=1024x1024|1536x1024 kind=gpt-image model=images-prod",
    "together": (
        "flux-together=256-1408/32 seed negative_prompt num_inference_steps:steps=20 guidance_scale=3.5 "
        "size:width,height response_format=base64 model=black-forest-labs/FLUX.1-dev"
    ),
    "xai": "grok=1:1=1024x1024|16:9=1280x720 resolution=1k model=grok-imagine-image",
    "seedream": (
        "seedream=1024x1024|2048x2048 watermark=false sequential_image_generation=disabled model=doubao-seedream-4-0"
    ),
    "recraft": "recraft=1024x1024|1536x1024 style=realistic_image model=recraftv3",
    "deepinfra": "flux-deepinfra=512-1024/8 model=black-forest-labs/FLUX-1-dev",
    "sglang": (
        "qwen-image=512-2048/16 seed negative_prompt num_inference_steps=50 guidance_scale=4 model=Qwen/Qwen-Image"
    ),
    "vllm": "z-image=512-2048/16 seed num_inference_steps=10 model=Tongyi-MAI/Z-Image-Turbo",
    "localai": "flux-localai=256-1024/8 seed num_inference_steps:step=20 markup=localai model=flux.1-dev",
    "litellm": "sdxl-litellm=1024x1024 response_format= model=sdxl",
}
ALSO: Final[Mapping[str, Mapping[str, str]]] = {
    "azure": {"DARKROOM_OPENAI_AZURE_HEADER": "api-key", "DARKROOM_OPENAI_AZURE_QUERY": "api-version=preview"}
}


@asynccontextmanager
async def spoken_with(accent: str) -> AsyncIterator[tuple[OpenAIImagesSimulator, ImageGenerator]]:
    """A provider with this accent, and a generator for it that is opened from settings."""
    async with openai_images_simulator(accent=ACCENTS[accent]) as simulator:
        name = f"openai.{accent}"
        settings = Settings.read(
            {
                "DARKROOM_GENERATORS": name,
                f"DARKROOM_OPENAI_{accent.upper()}_BASE_URL": f"{simulator.base_url}/v1",
                f"DARKROOM_OPENAI_{accent.upper()}_API_KEY": simulator.api_key,
                f"DARKROOM_OPENAI_{accent.upper()}_MODELS": MODELS[accent],
                **ALSO.get(accent, {}),
            }
        )
        async with open_generator(settings, name) as generator:
            yield simulator, generator


@pytest.mark.parametrize("accent", ACCENTS)
async def test_an_endpoint_with_an_accent_draws_what_was_ordered(accent: str) -> None:
    async with spoken_with(accent) as (simulator, generator):
        (card,) = generator.cards
        request = full_request(card, samples=2)
        images, failure = await draw(generator, request)

    assert failure is None
    assert card.generator == f"openai.{accent}"
    assert {ImageSize(image.file.width, image.file.height) for image in images.values()} == {request.size}
    assert [images[index].seed for index in range(2)] == list(request.seeds or (None, None))
    assert len(simulator.ordered) == simulator.charged_images == 2
    for order in simulator.ordered:
        if isinstance(order, OpenOrder):
            assert {name: value for name in PARAMETERS if (value := getattr(order, name)) is not None} == (
                request.parameters.given
            )


@pytest.mark.parametrize("accent", ACCENTS)
async def test_an_endpoint_with_an_accent_is_checked_without_a_paid_call(accent: str) -> None:
    async with spoken_with(accent) as (simulator, generator):
        said = await generator.check()

    assert "does not refuse the key" in said
    assert simulator.calls == []


@pytest.mark.parametrize("accent", ACCENTS)
def test_the_page_shows_these_settings(accent: str) -> None:
    page = " ".join(PAGE.read_text(encoding="utf-8").split())

    assert f"`{MODELS[accent]}`".replace("|", r"\|") in page

"""The service in front of a simulated provider that counts its calls."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from darkroom.adapters.generators.openai_images import open_openai_images, parse_models
from integration.http.house import House, open_house
from simulators.openai_images import OpenAIImagesSimulator, openai_images_simulator

MAY_BE_PAID: Final = (
    "server-error-json-after-charge",
    "server-error-html-after-charge",
    "close-after-charge",
    "reset-after-charge",
)
"""Faults of the provider after which it is unknown whether the call was charged."""


@asynccontextmanager
async def upstream(seconds_per_image: float = 0.0) -> AsyncIterator[tuple[House, OpenAIImagesSimulator]]:
    """The service in front of a simulated provider that counts what it charges."""
    async with (
        openai_images_simulator(seconds_per_image=seconds_per_image) as provider,
        open_openai_images(
            api_key=provider.api_key,
            base_url=f"{provider.base_url}/v1",
            models=parse_models(["flux-dev=64-1024/8 seed"]),
        ) as generator,
        open_house(generator=generator, guarded=True) as house,
    ):
        yield house, provider

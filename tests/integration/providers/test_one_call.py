"""The same client call, unchanged, whoever draws: an alias lets clients of one model live on with another."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from domain.image_file import ImageFile
from integration.cli.command_line import CommandLine
from simulators.karlo import karlo_simulator
from simulators.openai_images import openai_images_simulator
from simulators.provider import ProviderSimulator
from simulators.replicate import replicate_simulator
from simulators.replicate.order import SDXL
from simulators.stability import stability_simulator
from simulators.webui import webui_simulator

CALL: Final = {"version": "house-style", "prompt": "a fox in the snow", "width": 1024, "height": 1024}


@dataclass(frozen=True)
class Provider:
    """Who draws, how it is set, and which of its models the alias stands for."""

    generator: str
    model: str
    simulator: Callable[[], ProviderSimulator] | None
    settings: Callable[[Any], dict[str, str]]


PROVIDERS: Final = (
    Provider("sketch", "sketch", None, lambda _: {}),
    Provider(
        "karlo",
        "v2.1",
        karlo_simulator,
        lambda karlo: {
            "DARKROOM_KARLO_API_KEY": karlo.api_key,
            "DARKROOM_KARLO_BASE_URL": karlo.base_url,
            "DARKROOM_KARLO_IMAGE_HOSTS": karlo.base_url,
        },
    ),
    Provider(
        "openai",
        "gpt-image-2",
        openai_images_simulator,
        lambda openai: {
            "DARKROOM_OPENAI_API_KEY": openai.api_key,
            "DARKROOM_OPENAI_BASE_URL": f"{openai.base_url}/v1",
        },
    ),
    Provider("webui", "webui", webui_simulator, lambda webui: {"DARKROOM_WEBUI_BASE_URL": webui.base_url}),
    Provider(
        "stability",
        "sd3.5-flash",
        stability_simulator,
        lambda stability: {
            "DARKROOM_STABILITY_API_KEY": stability.api_key,
            "DARKROOM_STABILITY_BASE_URL": stability.base_url,
        },
    ),
    Provider(
        "replicate",
        "sdxl",
        replicate_simulator,
        lambda replicate: {
            "DARKROOM_REPLICATE_API_TOKEN": replicate.api_token,
            "DARKROOM_REPLICATE_BASE_URL": f"{replicate.base_url}/v1",
            "DARKROOM_REPLICATE_MODELS": f"sdxl={SDXL} 512-1536/8 seed",
            "DARKROOM_REPLICATE_IMAGE_HOSTS": replicate.base_url,
        },
    ),
)


@pytest.fixture(params=PROVIDERS, ids=lambda provider: provider.generator)
async def url(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[tuple[str, CommandLine]]:
    provider: Provider = request.param
    async with AsyncExitStack() as started:
        simulator = await started.enter_async_context(provider.simulator() if provider.simulator else nullcontext())
        shell = started.enter_context(CommandLine(tmp_path))
        settings = {
            "DARKROOM_GENERATORS": provider.generator,
            "DARKROOM_ALIASES": f"house-style={provider.model}",
            **provider.settings(simulator),
        }
        darkroom = await asyncio.to_thread(shell.serve, **settings)
        yield f"http://127.0.0.1:{darkroom.port}", shell


async def test_the_same_call_is_served_by_each(url: tuple[str, CommandLine]) -> None:
    address, shell = url
    token = (await asyncio.to_thread(shell.run, "token")).stdout.strip()
    async with httpx.AsyncClient(base_url=address, headers={"Authorization": f"Bearer {token}"}, timeout=60) as client:
        models = (await client.get("/api/models")).json()["models"]
        assert "house-style" in [model["version"] for model in models]
        answer = await client.post("/api/images", json=CALL)
        assert answer.status_code == 200, answer.text
        (image,) = answer.json()
        assert image["id"]
        stored = await client.get(image["image"])
        file = ImageFile.inspect(stored.content)
        assert (file.width, file.height) == (1024, 1024)
        assert stored.headers["content-type"] == file.media_type

        too_wide = await client.post("/api/images", json=CALL | {"width": 8192})
        assert (too_wide.status_code, too_wide.json()["charged"]) == (400, "no")

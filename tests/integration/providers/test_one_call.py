"""The same client call is served by each provider. The tests of `pipelines` make it to a model in the process."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from integration.cli.command_line import CommandLine
from integration.providers.one_call import ALIAS, see_the_call_served
from simulators.bfl import bfl_simulator
from simulators.comfyui import comfyui_simulator
from simulators.comfyui.nodes import CHECKPOINTS
from simulators.fal import fal_simulator
from simulators.gemini import gemini_simulator
from simulators.karlo import karlo_simulator
from simulators.openai_images import openai_images_simulator
from simulators.openrouter import openrouter_simulator
from simulators.openrouter.models import SEEDREAM
from simulators.provider import ProviderSimulator
from simulators.replicate import replicate_simulator
from simulators.replicate.order import SDXL
from simulators.stability import stability_simulator
from simulators.webui import webui_simulator


@dataclass(frozen=True)
class Provider:
    """A generator, its model that the alias stands for, its simulator, and its settings."""

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
    Provider(
        "gemini",
        "gemini-3.1-flash-image",
        gemini_simulator,
        lambda gemini: {
            "DARKROOM_GEMINI_API_KEY": gemini.api_key,
            "DARKROOM_GEMINI_BASE_URL": f"{gemini.base_url}/v1beta",
            "DARKROOM_GEMINI_MODELS": "gemini-3.1-flash-image=1K seed tokens=0.5/3/60",
        },
    ),
    Provider(
        "openrouter",
        "seedream",
        openrouter_simulator,
        lambda openrouter: {
            "DARKROOM_OPENROUTER_API_KEY": openrouter.api_key,
            "DARKROOM_OPENROUTER_BASE_URL": f"{openrouter.base_url}/api/v1",
            "DARKROOM_OPENROUTER_MODELS": f"seedream={SEEDREAM}",
        },
    ),
    Provider(
        "fal",
        "flux-dev",
        fal_simulator,
        lambda fal: {
            "DARKROOM_FAL_API_KEY": fal.api_key,
            "DARKROOM_FAL_BASE_URL": fal.base_url,
            "DARKROOM_FAL_IMAGE_HOSTS": fal.base_url,
        },
    ),
    Provider(
        "bfl",
        "flux-2-pro",
        bfl_simulator,
        lambda bfl: {
            "DARKROOM_BFL_API_KEY": bfl.api_key,
            "DARKROOM_BFL_BASE_URL": bfl.base_url,
            "DARKROOM_BFL_POLLING_HOSTS": bfl.polling_host,
            "DARKROOM_BFL_IMAGE_HOSTS": bfl.base_url,
        },
    ),
    Provider(
        "comfyui",
        "sdxl-local",
        comfyui_simulator,
        lambda comfyui: {
            "DARKROOM_COMFYUI_BASE_URL": comfyui.base_url,
            "DARKROOM_COMFYUI_MODELS": f"sdxl-local={CHECKPOINTS[0]}",
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


@pytest.mark.parametrize("provider", PROVIDERS, ids=lambda provider: provider.generator)
async def test_the_same_call_is_served_by_each(provider: Provider, tmp_path: Path) -> None:
    simulation = provider.simulator() if provider.simulator else nullcontext()
    async with simulation as simulator:
        with CommandLine(tmp_path) as shell:
            darkroom = await asyncio.to_thread(
                shell.serve,
                DARKROOM_GENERATORS=provider.generator,
                DARKROOM_ALIASES=f"{ALIAS}={provider.model}",
                **provider.settings(simulator),
            )
            token = (await asyncio.to_thread(shell.run, "token")).stdout.strip()
            await see_the_call_served(f"http://127.0.0.1:{darkroom.port}", token)
        assert simulator is None or len(simulator.calls) == 1

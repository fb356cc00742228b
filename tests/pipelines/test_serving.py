"""The service with a model in its own process, started as an operator starts it."""

from __future__ import annotations

import asyncio
import io
from pathlib import Path

import httpx
from PIL import Image

from integration.cli.command_line import CommandLine
from integration.providers.one_call import ALIAS, see_the_call_served


def serve(shell: CommandLine, settings: dict[str, str]) -> tuple[str, str]:
    """Starts the service; returns its URL and a token for it."""
    process = shell.start("serve", DARKROOM_PORT="0", **settings)
    # Loading the models takes seconds.
    url = process.wait_for(r"Darkroom is ready at (\S+)", timeout=100)[1]
    return url, shell.run("token").stdout.strip()


async def test_other_requests_are_answered_while_it_draws(tmp_path: Path, stable_diffusion: Path, karlo: Path) -> None:
    settings = {
        "DARKROOM_GENERATORS": "diffusers",
        "DARKROOM_DIFFUSERS_MODELS": f"karlo={karlo}, sd={stable_diffusion}",
        "DARKROOM_DIFFUSERS_SIZES": "32-128/16",
        "DARKROOM_DIFFUSERS_DEVICE": "cpu",
        "DARKROOM_ALIASES": "v2.1=karlo",
    }
    order = {"prompt": "a lighthouse", "width": 128, "height": 128, "samples": 2, "num_inference_steps": 50}
    with CommandLine(tmp_path) as shell:
        url, token = await asyncio.to_thread(serve, shell, settings)
        headers = {"Authorization": f"Bearer {token}"}
        async with httpx.AsyncClient(base_url=url, headers=headers, timeout=100, trust_env=False) as client:
            drawing = asyncio.create_task(client.post("/api/images", json={"version": "sd", **order}))
            answered = 0
            while not drawing.done():
                health, models = await asyncio.gather(client.get("/health/ready"), client.get("/api/models"))
                assert (health.status_code, models.status_code) == (200, 200)
                answered += not drawing.done()
            images = (await drawing).json()
            picture = await client.get(images[0]["image"])
            karlos = await client.post(
                "/api/images", json={"version": "v2.1", "prompt": "a fox", "width": 32, "height": 32}
            )
            refused = await client.post("/api/images", json={"version": "karlo", "negative_prompt": "dark", **order})

    # A service whose event loop waited for the drawing would answer at most once.
    assert answered > 2
    assert len(images) == 2
    with Image.open(io.BytesIO(picture.content)) as image:
        assert (image.format, image.size) == ("PNG", (128, 128))
    assert karlos.status_code == 200
    assert {error["pointer"] for error in refused.json()["errors"]} == {"/width", "/height", "/negative_prompt"}


async def test_it_serves_the_call_that_every_provider_serves(tmp_path: Path, coarse: Path) -> None:
    settings = {
        "DARKROOM_GENERATORS": "diffusers",
        "DARKROOM_DIFFUSERS_MODELS": f"coarse={coarse}",
        "DARKROOM_DIFFUSERS_DEVICE": "cpu",
        "DARKROOM_ALIASES": f"{ALIAS}=coarse",
    }
    with CommandLine(tmp_path) as shell:
        await see_the_call_served(*await asyncio.to_thread(serve, shell, settings))

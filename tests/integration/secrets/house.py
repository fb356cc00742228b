"""The service with all providers and stores, and a canary in every secret and every prompt."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import httpx
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import ec

from integration.cli.command_line import CommandLine
from integration.secrets.canaries import canary
from servers.ports import LOOPBACK, free_port
from servers.s3 import S3Server
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
from unit.marks.authority import Authority, pem_of

MODELS: Final = {
    "karlo": ("v2.0", 384),
    "bfl": ("flux-2-pro", 512),
    "comfyui": ("sdxl-local", 512),
    "fal": ("flux-dev", 512),
    "gemini": ("gemini-3.1-flash-image", 1024),
    "openai": ("gpt-image-2", 1024),
    "openrouter": ("seedream", 1024),
    "stability": ("sd3.5-flash", 1024),
    "replicate": ("sdxl", 1024),
    "webui": ("webui", 512),
    "sketch": ("sketch", 64),
}
"""A model of each generator, and the length of its image's sides."""


@dataclass(frozen=True)
class House:
    """`secrets` are those in `settings`, under the names of their settings; `spans` holds the received traces."""

    shell: CommandLine
    settings: dict[str, str]
    simulators: dict[str, ProviderSimulator]
    secrets: dict[str, str]
    spans: list[bytes]
    prompt: str = field(default_factory=canary)
    negative_prompt: str = field(default_factory=canary)

    @property
    def prompts(self) -> dict[str, str]:
        return {"the prompt": self.prompt, "the negative prompt": self.negative_prompt}

    async def order(
        self, client: httpx.AsyncClient, generator: str, fault: str | None = None, **changes: object
    ) -> httpx.Response:
        version, side = MODELS[generator]
        prompt = f"{self.prompt} [fault:{fault}]" if fault else self.prompt
        body: dict[str, Any] = {"version": version, "prompt": prompt, "width": side, "height": side}
        return await client.post("/api/images", json=body | changes)


@asynccontextmanager
async def open_house(folder: Path, s3: S3Server, database_url: str) -> AsyncIterator[House]:
    """Settings for every generator with its simulator, the S3 server and a database; tests start the service."""
    keys = {generator: canary() for generator in MODELS if generator != "sketch"}
    signer = ec.generate_private_key(ec.SECP256R1())
    spans: list[bytes] = []
    async with AsyncExitStack() as started:
        collector = await started.enter_async_context(_collector(spans))
        shell = started.enter_context(CommandLine(folder))
        karlo = await started.enter_async_context(karlo_simulator(keys["karlo"]))
        bfl = await started.enter_async_context(bfl_simulator(keys["bfl"]))
        fal = await started.enter_async_context(fal_simulator(keys["fal"]))
        comfyui = await started.enter_async_context(comfyui_simulator(f"Bearer {keys['comfyui']}"))
        gemini = await started.enter_async_context(gemini_simulator(keys["gemini"]))
        openai = await started.enter_async_context(openai_images_simulator(keys["openai"]))
        openrouter = await started.enter_async_context(openrouter_simulator(keys["openrouter"]))
        stability = await started.enter_async_context(stability_simulator(keys["stability"]))
        replicate = await started.enter_async_context(replicate_simulator(keys["replicate"]))
        webui = await started.enter_async_context(webui_simulator(f"operator:{keys['webui']}"))
        secrets = {
            "DARKROOM_KARLO_API_KEY": keys["karlo"],
            "DARKROOM_BFL_API_KEY": keys["bfl"],
            "DARKROOM_COMFYUI_AUTHORIZATION": keys["comfyui"],
            "DARKROOM_FAL_API_KEY": keys["fal"],
            "DARKROOM_GEMINI_API_KEY": keys["gemini"],
            "DARKROOM_OPENAI_API_KEY": keys["openai"],
            "DARKROOM_OPENROUTER_API_KEY": keys["openrouter"],
            "DARKROOM_STABILITY_API_KEY": keys["stability"],
            "DARKROOM_REPLICATE_API_TOKEN": keys["replicate"],
            "DARKROOM_WEBUI_AUTH": keys["webui"],
            "DARKROOM_COMFYUI_PARTNER_KEY": canary(),
            "DARKROOM_JWT_SECRET": canary(),
            "DARKROOM_TOKEN": canary(),
            "DARKROOM_WEBHOOK_SECRETS": canary(),
            "DARKROOM_LEDGER_URL": urlsplit(database_url).password or "",
            "DARKROOM_LEDGER_PASSWORD": urlsplit(database_url).password or "",
            "AWS_SECRET_ACCESS_KEY": s3.service.secret_key,
            "DARKROOM_C2PA_KEY": pem_of(signer).splitlines()[2],  # the line with most of the private number
        }
        settings = {
            **secrets,
            **s3.settings(),
            "DARKROOM_GENERATORS": ",".join(MODELS),
            "DARKROOM_KARLO_BASE_URL": karlo.base_url,
            "DARKROOM_KARLO_IMAGE_HOSTS": karlo.base_url,
            "DARKROOM_BFL_BASE_URL": bfl.base_url,
            "DARKROOM_BFL_POLLING_HOSTS": bfl.polling_host,
            "DARKROOM_BFL_IMAGE_HOSTS": bfl.base_url,
            "DARKROOM_FAL_BASE_URL": fal.base_url,
            "DARKROOM_FAL_IMAGE_HOSTS": fal.base_url,
            "DARKROOM_COMFYUI_BASE_URL": comfyui.base_url,
            "DARKROOM_COMFYUI_MODELS": f"sdxl-local={CHECKPOINTS[0]}",
            "DARKROOM_COMFYUI_AUTHORIZATION": f"Bearer {keys['comfyui']}",
            "DARKROOM_GEMINI_BASE_URL": f"{gemini.base_url}/v1beta",
            "DARKROOM_OPENAI_BASE_URL": f"{openai.base_url}/v1",
            "DARKROOM_OPENROUTER_BASE_URL": f"{openrouter.base_url}/api/v1",
            "DARKROOM_OPENROUTER_MODELS": f"seedream={SEEDREAM}",
            "DARKROOM_STABILITY_BASE_URL": stability.base_url,
            "DARKROOM_REPLICATE_BASE_URL": f"{replicate.base_url}/v1",
            "DARKROOM_REPLICATE_MODELS": f"sdxl={SDXL} 512-1536/8 seed",
            "DARKROOM_REPLICATE_IMAGE_HOSTS": replicate.base_url,
            "DARKROOM_WEBUI_BASE_URL": webui.base_url,
            "DARKROOM_WEBHOOK_SECRETS": _signing(secrets["DARKROOM_WEBHOOK_SECRETS"]),
            "DARKROOM_WEBUI_AUTH": f"operator:{keys['webui']}",
            "DARKROOM_LEDGER_URL": database_url,
            "DARKROOM_MARKS": "c2pa",
            "DARKROOM_C2PA_CERTIFICATE": Authority().certify(signer),
            "DARKROOM_C2PA_KEY": pem_of(signer),
            "DARKROOM_WORKERS": "2",
            "DARKROOM_STORE_TIMEOUT": "1",
            "DARKROOM_FETCH_TIMEOUT": "2",
            "DARKROOM_LOG_LEVEL": "debug",
            "DARKROOM_METRICS_PORT": str(free_port()),
            "OTEL_EXPORTER_OTLP_ENDPOINT": collector,
        }
        simulators = {
            "karlo": karlo,
            "bfl": bfl,
            "comfyui": comfyui,
            "fal": fal,
            "gemini": gemini,
            "openai": openai,
            "openrouter": openrouter,
            "stability": stability,
            "replicate": replicate,
            "webui": webui,
        }
        yield House(shell, settings, simulators, secrets, spans)


def _signing(key: str) -> str:
    return f"whsec_{base64.b64encode(key.encode()).decode()}"


@asynccontextmanager
async def _collector(spans: list[bytes]) -> AsyncIterator[str]:
    """A receiver of traces that keeps everything as it comes."""

    async def keep(request: web.Request) -> web.Response:
        spans.append(repr(request.raw_headers).encode() + await request.read())
        return web.Response()

    application = web.Application()
    application.router.add_post("/{path:.*}", keep)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    try:
        site = web.TCPSite(runner, LOOPBACK, 0)
        await site.start()
        yield f"http://{LOOPBACK}:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()

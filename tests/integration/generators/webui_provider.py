"""The simulator of a web UI, as the rules for generators see a provider."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Final
from urllib.parse import urlsplit

from adapters.conformance import Asked, Provider, Situation
from adapters.generators.webui import open_webui
from domain.ports import ImageGenerator
from servers.proxy import NO_FAULTS, Faults, Proxy
from simulators.webui import WebUISimulator, webui_simulator

AUTH: Final = "painter:secret-words"
CHECKPOINTS: Final = {"webui": None, "sdxl": "sd_xl_base_1.0.safetensors"}

_FAULTS: Final[Mapping[Situation, tuple[str, dict[str, float]]]] = {
    Situation.KEY_REFUSED: ("error-credentials", {}),
    Situation.REQUEST_REFUSED: ("error-unprocessable", {}),
    Situation.QUOTA_USED_UP: ("too-many-requests", {}),
    Situation.CONNECTION_LOST: ("reset-after-charge", {}),
    Situation.SILENCE: ("black-hole-after-charge", {}),
    Situation.SERVER_ERROR: ("error-out-of-memory-after-charge", {}),
    Situation.GARBAGE: ("answer-garbage", {}),
    Situation.CUT_SHORT: ("cut-short", {}),
    Situation.TOO_LARGE: ("oversized", {}),
    Situation.NO_IMAGES: ("images-none", {}),
    Situation.TOO_FEW_IMAGES: ("images-none", {"times": 1}),
    Situation.TOO_MANY_IMAGES: ("images-too-many", {}),
    Situation.NO_IMAGE_FILES: ("image-html", {}),
    Situation.ONE_NO_IMAGE_FILE: ("image-html", {"times": 1}),
}


def asked(body: Mapping[str, Any]) -> Asked:
    checkpoint = body.get("override_settings", {}).get("sd_model_checkpoint")
    return Asked(
        version=next(version for version, name in CHECKPOINTS.items() if name == checkpoint),
        prompt=body["prompt"],
        negative_prompt=body.get("negative_prompt"),
        width=body["width"],
        height=body["height"],
        samples=body.get("batch_size", 1) * body.get("n_iter", 1),
        seeds=(body["seed"],),
        num_inference_steps=body.get("steps"),
        guidance_scale=body.get("cfg_scale"),
    )


class WebUIProvider(Provider):
    """A web UI at `base_url`."""

    situations = frozenset(_FAULTS) | {Situation.UNREACHABLE}

    def __init__(self, simulator: WebUISimulator, proxy: Proxy) -> None:
        self.simulator, self._proxy = simulator, proxy
        self.base_url = proxy.url

    @property
    def secrets(self) -> Sequence[str]:
        return AUTH.split(":")

    @property
    def asked(self) -> Sequence[Asked]:
        return [asked(call.body) for call in self.simulator.calls]

    @property
    def charged_images(self) -> int:
        return self.simulator.charged_images

    async def suffer(self, situation: Situation) -> None:
        if situation is Situation.UNREACHABLE:
            await self._proxy.switch(Faults(refuse=True))
        else:
            fault, options = _FAULTS[situation]
            self.simulator.faults.set(fault, **options)

    async def recover(self) -> None:
        self.simulator.faults.clear()
        await self._proxy.switch(NO_FAULTS)

    def opened(self, *, patience: float = 60.0, **options: Any) -> AbstractAsyncContextManager[ImageGenerator]:  # noqa: ANN401
        """A generator for it, whose calls take `patience` seconds at the most."""
        models = [version if name is None else f"{version}={name}" for version, name in CHECKPOINTS.items()]
        known: dict[str, Any] = {"models": models, "auth": AUTH, "call_timeout": patience}
        return open_webui(base_url=self.base_url, **(known | options))


@asynccontextmanager
async def webui_provider() -> AsyncIterator[WebUIProvider]:
    """It is spoken to through a proxy, so that it can be out of reach."""
    async with webui_simulator(AUTH) as simulator, Proxy(urlsplit(simulator.base_url).port or 0) as proxy:
        yield WebUIProvider(simulator, proxy)

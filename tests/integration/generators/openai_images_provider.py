"""The simulator of the Images API, as the rules for generators see a provider."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from adapters.conformance import Asked, Provider, Situation
from servers.proxy import NO_FAULTS, Faults, Proxy
from simulators.openai_images import OpenAIImagesSimulator, openai_images_simulator

_FAULTS: Final[dict[Situation, tuple[str, dict[str, float]]]] = {
    Situation.KEY_REFUSED: ("error-invalid-key", {}),
    Situation.REQUEST_REFUSED: ("error-invalid-value", {}),
    Situation.QUOTA_USED_UP: ("error-rate-limit", {}),
    Situation.MAINTENANCE: ("error-overloaded", {}),
    Situation.CONNECTION_LOST: ("reset-after-charge", {}),
    Situation.SILENCE: ("black-hole-after-charge", {}),
    Situation.SERVER_ERROR: ("error-without-code-after-charge", {}),
    Situation.GARBAGE: ("answer-garbage", {}),
    Situation.CUT_SHORT: ("cut-short", {}),
    Situation.TOO_LARGE: ("oversized", {}),
    Situation.NO_IMAGES: ("images-none", {}),
    Situation.TOO_FEW_IMAGES: ("images-none", {"times": 1}),
    Situation.TOO_MANY_IMAGES: ("images-too-many", {}),
    Situation.NO_IMAGE_FILES: ("image-html", {}),
    Situation.ONE_NO_IMAGE_FILE: ("image-html", {"times": 1}),
    Situation.ALL_HELD_BACK: ("error-moderation-input", {}),
    Situation.LINKS_DEAD: ("link-tampered", {}),
    Situation.LINKS_ASTRAY: ("link-other-port", {}),
    Situation.IMAGES_OUT_OF_REACH: ("fetch-503", {}),
    Situation.FETCHES_STUMBLE: ("fetch-reset", {"times": 3}),
}


def asked(body: dict[str, Any]) -> Asked:
    width, _, height = body["size"].partition("x")
    return Asked(
        version=body["model"],
        prompt=body["prompt"],
        negative_prompt=body.get("negative_prompt"),
        width=int(width),
        height=int(height),
        samples=body["n"],
        seeds=(body["seed"],) if "seed" in body else (),
        num_inference_steps=body.get("num_inference_steps"),
        guidance_scale=body.get("guidance_scale"),
    )


class OpenAIImagesProvider(Provider):
    """The API at `base_url`, whose links lead to `image_host`."""

    def __init__(self, simulator: OpenAIImagesSimulator, proxy: Proxy) -> None:
        self.simulator, self._proxy = simulator, proxy
        self.api_key, self.base_url, self.image_host = simulator.api_key, f"{proxy.url}/v1", simulator.base_url

    @property
    def secrets(self) -> Sequence[str]:
        links = [parse_qs(urlsplit(fetch.url).query) for fetch in self.simulator.book.fetches]
        signed = [value for link in links for name in ("credential", "signature") for value in link[name]]
        return [self.api_key, *signed]

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


@asynccontextmanager
async def openai_images_provider() -> AsyncIterator[OpenAIImagesProvider]:
    """It is spoken to through a proxy, so that it can be out of reach."""
    async with openai_images_simulator() as simulator, Proxy(urlsplit(simulator.base_url).port or 0) as proxy:
        yield OpenAIImagesProvider(simulator, proxy)

"""The Karlo simulator, as the rules for generators see a provider."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final
from urllib.parse import parse_qs, urlsplit

from adapters.conformance import Asked, Provider, Situation
from servers.proxy import NO_FAULTS, Faults, Proxy
from simulators.karlo import KarloSimulator, karlo_simulator

_FAULTS: Final[dict[Situation, tuple[str, dict[str, float]]]] = {
    Situation.KEY_REFUSED: ("error-401", {}),
    Situation.REQUEST_REFUSED: ("error-2", {}),
    Situation.QUOTA_USED_UP: ("error-10", {}),
    Situation.MAINTENANCE: ("error-9798", {}),
    Situation.CONNECTION_LOST: ("reset-after-charge", {}),
    Situation.SILENCE: ("black-hole-after-charge", {}),
    Situation.SERVER_ERROR: ("server-error-html-after-charge", {}),
    Situation.GARBAGE: ("answer-garbage", {}),
    Situation.CUT_SHORT: ("cut-short", {}),
    Situation.TOO_LARGE: ("oversized", {}),
    Situation.NO_IMAGES: ("images-none", {}),
    Situation.TOO_FEW_IMAGES: ("images-too-few", {}),
    Situation.TOO_MANY_IMAGES: ("images-too-many", {}),
    Situation.NO_IMAGE_FILES: ("image-html", {}),
    Situation.ONE_NO_IMAGE_FILE: ("image-html", {"index": 0}),
    Situation.ALL_HELD_BACK: ("nsfw-flagged", {}),
    Situation.ONE_HELD_BACK: ("nsfw-flagged", {"index": 0}),
    Situation.LINKS_DEAD: ("link-tampered", {}),
    Situation.LINKS_ASTRAY: ("link-other-port", {}),
    Situation.IMAGES_OUT_OF_REACH: ("fetch-503", {}),
    Situation.FETCHES_STUMBLE: ("fetch-reset", {"times": 3}),
}


class KarloProvider(Provider):
    """Karlo at `base_url`, whose images lie at `image_host`."""

    def __init__(self, simulator: KarloSimulator, proxy: Proxy) -> None:
        self.simulator, self._proxy = simulator, proxy
        self.api_key, self.base_url, self.image_host = simulator.api_key, proxy.url, simulator.base_url

    @property
    def secrets(self) -> Sequence[str]:
        links = [parse_qs(urlsplit(fetch.url).query) for fetch in self.simulator.book.fetches]
        signed = [value for link in links for name in ("credential", "signature") for value in link[name]]
        return [self.api_key, *signed]

    @property
    def asked(self) -> Sequence[Asked]:
        return [
            Asked(
                version=call.body["version"],
                prompt=call.body["prompt"],
                negative_prompt=call.body.get("negative_prompt"),
                width=call.body["width"],
                height=call.body["height"],
                samples=call.body["samples"],
                seeds=tuple(call.body["seed"]),
                num_inference_steps=call.body.get("num_inference_steps"),
                guidance_scale=call.body.get("guidance_scale"),
            )
            for call in self.simulator.calls
        ]

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
async def karlo_provider() -> AsyncIterator[KarloProvider]:
    """It is spoken to through a proxy, so that it can be out of reach."""
    async with karlo_simulator() as simulator, Proxy(urlsplit(simulator.base_url).port or 0) as proxy:
        yield KarloProvider(simulator, proxy)

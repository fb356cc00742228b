"""The simulator of Replicate, as the rules for generators see a provider."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from adapters.conformance import Asked, Provider, Situation
from adapters.generators.replicate import open_replicate, parse_models
from domain.ports import ImageGenerator
from servers.proxy import NO_FAULTS, Faults, Proxy
from simulators.charges import Call
from simulators.replicate import ReplicateSimulator, replicate_simulator
from simulators.replicate.order import FLUX, RATIOS, SDXL

SIZES: Final = "|".join(f"{ratio}={width}x{height}" for ratio, (width, height) in RATIOS.items())
MODELS: Final = (
    f"sdxl={SDXL} 64-1536/8 seed negative_prompt num_inference_steps=50 guidance_scale=7.5",
    f"flux-dev={FLUX} {SIZES} seed guidance_scale:guidance=3.5(0-10) output_format=png go_fast=false",
)
_FAULTS: Final[Mapping[Situation, tuple[str, dict[str, float]]]] = {
    Situation.KEY_REFUSED: ("error-unauthenticated", {}),
    Situation.REQUEST_REFUSED: ("error-invalid-input", {}),
    Situation.QUOTA_USED_UP: ("error-throttled", {}),
    Situation.CONNECTION_LOST: ("reset-after-charge", {}),
    Situation.SILENCE: ("black-hole-after-charge", {}),
    Situation.SERVER_ERROR: ("server-error-json-after-charge", {}),
    Situation.GARBAGE: ("answer-garbage", {}),
    Situation.CUT_SHORT: ("cut-short", {}),
    Situation.TOO_LARGE: ("oversized", {}),
    Situation.NO_IMAGES: ("images-none", {}),
    Situation.TOO_FEW_IMAGES: ("images-none", {"times": 1}),
    Situation.TOO_MANY_IMAGES: ("images-too-many", {}),
    Situation.NO_IMAGE_FILES: ("image-html", {}),
    Situation.ONE_NO_IMAGE_FILE: ("image-html", {"times": 1}),
    Situation.LINKS_DEAD: ("link-tampered", {}),
    Situation.LINKS_ASTRAY: ("link-other-port", {}),
    Situation.IMAGES_OUT_OF_REACH: ("fetch-503", {}),
    Situation.FETCHES_STUMBLE: ("fetch-reset", {"times": 3}),
}
SITUATIONS: Final = frozenset(_FAULTS) | {Situation.UNREACHABLE}
"""Whether what moderation holds back is charged for nobody knows, so that has tests of its own; it never closes."""


def asked(call: Call) -> Asked:
    given = call.body["input"]
    official = urlsplit(call.url).path != "/v1/predictions"
    width, height = RATIOS[given["aspect_ratio"]] if official else (given["width"], given["height"])
    return Asked(
        version="flux-dev" if official else "sdxl",
        prompt=given["prompt"],
        negative_prompt=given.get("negative_prompt"),
        width=width,
        height=height,
        samples=given.get("num_outputs", 1),
        seeds=(given["seed"],) if "seed" in given else (),
        num_inference_steps=given.get("num_inference_steps"),
        guidance_scale=given.get("guidance" if official else "guidance_scale"),
    )


class ReplicateProvider(Provider):
    """Replicate at `base_url`, whose files lie at `image_host`."""

    def __init__(self, simulator: ReplicateSimulator, proxy: Proxy) -> None:
        self.simulator, self._proxy = simulator, proxy
        self.api_token, self.base_url, self.image_host = simulator.api_token, f"{proxy.url}/v1", simulator.base_url

    @property
    def secrets(self) -> Sequence[str]:
        links = [parse_qs(urlsplit(fetch.url).query) for fetch in self.simulator.book.fetches]
        signed = [value for link in links for name in ("credential", "signature") for value in link[name]]
        return [self.api_token, *signed]

    @property
    def asked(self) -> Sequence[Asked]:
        return [asked(call) for call in self.simulator.calls]

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
        """A generator for it; `patience` is how long each part of a drawing may take, in seconds."""
        known: dict[str, Any] = {
            "api_token": self.api_token,
            "models": parse_models(MODELS),
            "base_url": self.base_url,
            "image_hosts": [self.image_host],
            "call_timeout": patience,
            "drawing_timeout": patience,
            "fetch_timeout": patience,
        }
        return open_replicate(**(known | options))


@asynccontextmanager
async def replicate_provider() -> AsyncIterator[ReplicateProvider]:
    """It is spoken to through a proxy, so that it can be out of reach."""
    async with replicate_simulator() as simulator, Proxy(urlsplit(simulator.base_url).port or 0) as proxy:
        yield ReplicateProvider(simulator, proxy)

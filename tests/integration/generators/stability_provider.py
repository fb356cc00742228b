"""The simulator of Stability AI, as the rules for generators see a provider."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final
from urllib.parse import urlsplit

from adapters.conformance import Asked, Provider, Situation
from adapters.generators.stability.models import RATIOS
from servers.proxy import NO_FAULTS, Faults, Proxy
from simulators.charges import Call
from simulators.stability import StabilitySimulator, stability_simulator
from simulators.stability.form import read_form

_FAULTS: Final[dict[Situation, tuple[str, dict[str, float]]]] = {
    Situation.KEY_REFUSED: ("error-unauthorized", {}),
    Situation.REQUEST_REFUSED: ("error-bad-request", {}),
    Situation.QUOTA_USED_UP: ("error-rate-limit-exceeded", {}),
    Situation.CONNECTION_LOST: ("reset-after-charge", {}),
    Situation.SILENCE: ("black-hole-after-charge", {}),
    Situation.SERVER_ERROR: ("error-internal-after-charge", {}),
    Situation.GARBAGE: ("answer-garbage", {}),
    Situation.CUT_SHORT: ("cut-short", {}),
    Situation.TOO_LARGE: ("oversized", {}),
    Situation.NO_IMAGES: ("images-none", {}),
    Situation.TOO_FEW_IMAGES: ("images-none", {"times": 1}),
    Situation.TOO_MANY_IMAGES: ("images-too-many", {}),
    Situation.NO_IMAGE_FILES: ("image-html", {}),
    Situation.ONE_NO_IMAGE_FILE: ("image-html", {"times": 1}),
    Situation.ALL_HELD_BACK: ("error-content-moderation", {}),
    Situation.ONE_HELD_BACK: ("content-filtered", {"times": 1}),
}
SITUATIONS: Final = frozenset(_FAULTS) | {Situation.UNREACHABLE}
"""Those that Stability AI can come into: it links to nothing, and never says that it is closed."""

_SIZES: Final = {ratio: size for size, ratio in RATIOS.items()}
_VERSIONS: Final = {"core": "stable-image-core", "ultra": "stable-image-ultra"}


def asked(call: Call) -> Asked:
    form, service = read_form(call), urlsplit(call.url).path.rpartition("/")[2]
    size = _SIZES[form["aspect_ratio"]]
    return Asked(
        version=_VERSIONS.get(service) or form["model"],
        prompt=form["prompt"],
        negative_prompt=form.get("negative_prompt"),
        width=size.width,
        height=size.height,
        samples=1,
        seeds=(int(form["seed"]),),
        num_inference_steps=None,
        guidance_scale=float(form["cfg_scale"]) if "cfg_scale" in form else None,
    )


class StabilityProvider(Provider):
    """Stability AI at `base_url`."""

    def __init__(self, simulator: StabilitySimulator, proxy: Proxy) -> None:
        self.simulator, self._proxy = simulator, proxy
        self.api_key, self.base_url = simulator.api_key, proxy.url
        self._asked: list[Asked] = []

    @property
    def secrets(self) -> Sequence[str]:
        return [self.api_key]

    @property
    def asked(self) -> Sequence[Asked]:
        # Forms take their time to be read, and this is asked again and again.
        self._asked += [asked(call) for call in self.simulator.calls[len(self._asked) :]]
        return self._asked.copy()

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
async def stability_provider() -> AsyncIterator[StabilityProvider]:
    """It is spoken to through a proxy, so that it can be out of reach."""
    async with stability_simulator() as simulator, Proxy(urlsplit(simulator.base_url).port or 0) as proxy:
        yield StabilityProvider(simulator, proxy)

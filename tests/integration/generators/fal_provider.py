"""The simulator of fal as a `Provider` for the contract tests of generators."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, ClassVar, Final
from urllib.parse import urlsplit

from darkroom.adapters.conformance import Asked, Situation
from darkroom.adapters.generators.fal import open_fal, parse_models
from darkroom.domain.model.parameters import Parameters
from darkroom.domain.ports import ImageGenerator
from integration.generators.simulated import Causes, SimulatedQueue
from simulators.charges import Call
from simulators.fal import FalSimulator, fal_simulator
from simulators.fal.order import BANANA, FLUX, RATIOS

SIZES: Final = "|".join(f"{ratio}={width}x{height}" for ratio, (width, height) in RATIOS.items())
MODELS: Final = (
    f"flux-dev={FLUX} 64-1536/16 seed num_inference_steps=28(1-50) guidance_scale=3.5(1-20) output_format=png",
    f"banana={BANANA} {SIZES} output_format=png",
)


def asked(call: Call) -> Asked:
    given, flux = call.body, urlsplit(call.url).path == f"/{FLUX}"
    sides = given["image_size"] if flux else dict(zip(("width", "height"), RATIOS[given["aspect_ratio"]], strict=True))
    return Asked(
        version="flux-dev" if flux else "banana",
        prompt=given["prompt"],
        width=sides["width"],
        height=sides["height"],
        samples=given.get("num_images", 1),
        seeds=(given["seed"],) if "seed" in given else (),
        parameters=Parameters.of(
            negative_prompt=given.get("negative_prompt"),
            num_inference_steps=given.get("num_inference_steps"),
            guidance_scale=given.get("guidance_scale"),
        ),
    )


class FalProvider(SimulatedQueue[FalSimulator]):
    """fal at `base_url`, with its files at `image_host`."""

    faults: ClassVar[Causes] = {
        **SimulatedQueue.faults,
        Situation.KEY_REFUSED: ("error-unauthenticated", {}),
        Situation.REQUEST_REFUSED: ("error-not-found", {}),
        Situation.QUOTA_USED_UP: ("error-throttled", {}),
    }

    @property
    def asked(self) -> Sequence[Asked]:
        return [asked(call) for call in self.simulator.calls]

    def opened(self, *, patience: float = 60.0, **options: Any) -> AbstractAsyncContextManager[ImageGenerator]:  # noqa: ANN401
        """Open a generator for it; `patience` is the time limit of each part of a drawing, in seconds."""
        known = self.settings(patience) | {"models": parse_models(MODELS)}
        return open_fal(**(known | options))


def fal_provider() -> AbstractAsyncContextManager[FalProvider]:
    """Run the simulator as a provider."""
    return FalProvider.running(fal_simulator())

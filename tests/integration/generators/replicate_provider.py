"""The simulator of Replicate as a `Provider` for the contract tests of generators."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, ClassVar, Final
from urllib.parse import urlsplit

from darkroom.adapters.conformance import Asked, Situation
from darkroom.adapters.generators.replicate import open_replicate, parse_models
from darkroom.domain.model.parameters import Parameters
from darkroom.domain.ports import ImageGenerator
from integration.generators.simulated import Causes, SimulatedQueue
from simulators.charges import Call
from simulators.replicate import ReplicateSimulator, replicate_simulator
from simulators.replicate.order import FLUX, RATIOS, SDXL

SIZES: Final = "|".join(f"{ratio}={width}x{height}" for ratio, (width, height) in RATIOS.items())
MODELS: Final = (
    f"sdxl={SDXL} 64-1536/8 seed negative_prompt num_inference_steps=50(1-500) guidance_scale=7.5(1-50)",
    f"flux-dev={FLUX} {SIZES} seed guidance_scale:guidance=3.5(0-10) output_format=png go_fast=false",
)


def asked(call: Call) -> Asked:
    given = call.body["input"]
    official = urlsplit(call.url).path != "/v1/predictions"
    width, height = RATIOS[given["aspect_ratio"]] if official else (given["width"], given["height"])
    return Asked(
        version="flux-dev" if official else "sdxl",
        prompt=given["prompt"],
        width=width,
        height=height,
        samples=given.get("num_outputs", 1),
        seeds=(given["seed"],) if "seed" in given else (),
        parameters=Parameters.of(
            negative_prompt=given.get("negative_prompt"),
            num_inference_steps=given.get("num_inference_steps"),
            guidance_scale=given.get("guidance" if official else "guidance_scale"),
        ),
    )


class ReplicateProvider(SimulatedQueue[ReplicateSimulator]):
    """Replicate at `base_url`, with its files at `image_host`."""

    path = "/v1"
    key_name = "api_token"
    faults: ClassVar[Causes] = {
        **SimulatedQueue.faults,
        Situation.KEY_REFUSED: ("error-unauthenticated", {}),
        Situation.REQUEST_REFUSED: ("error-invalid-input", {}),
        Situation.QUOTA_USED_UP: ("error-throttled", {}),
    }

    @property
    def asked(self) -> Sequence[Asked]:
        return [asked(call) for call in self.simulator.calls]

    def opened(self, *, patience: float = 60.0, **options: Any) -> AbstractAsyncContextManager[ImageGenerator]:  # noqa: ANN401
        """Open a generator for it; `patience` is the time limit of each part of a drawing, in seconds."""
        known = self.settings(patience) | {"models": parse_models(MODELS)}
        return open_replicate(**(known | options))


def replicate_provider() -> AbstractAsyncContextManager[ReplicateProvider]:
    """Run the simulator as a provider."""
    return ReplicateProvider.running(replicate_simulator())

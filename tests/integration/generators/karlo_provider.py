"""The Karlo simulator as a `Provider` for the contract tests of generators."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import ClassVar

from darkroom.adapters.conformance import Asked, Situation
from darkroom.domain.model.parameters import Parameters
from integration.generators.simulated import ANYWHERE, BY_LINK, IN_BASE64, Causes, SimulatedProvider
from simulators.karlo import KarloSimulator, karlo_simulator


class KarloProvider(SimulatedProvider[KarloSimulator]):
    """Karlo at `base_url`, with its images at `image_host`."""

    faults: ClassVar[Causes] = {
        **ANYWHERE,
        **IN_BASE64,
        **BY_LINK,
        Situation.KEY_REFUSED: ("error-401", {}),
        Situation.REQUEST_REFUSED: ("error-2", {}),
        Situation.QUOTA_USED_UP: ("error-10", {}),
        Situation.MAINTENANCE: ("error-9798", {}),
        Situation.SERVER_ERROR: ("server-error-html-after-charge", {}),
        Situation.TOO_FEW_IMAGES: ("images-too-few", {}),
        Situation.ONE_NO_IMAGE_FILE: ("image-html", {"index": 0}),
        Situation.ALL_HELD_BACK: ("nsfw-flagged", {}),
        Situation.ONE_HELD_BACK: ("nsfw-flagged", {"index": 0}),
    }

    @property
    def api_key(self) -> str:
        """The key that it accepts."""
        return self.simulator.api_key

    @property
    def secrets(self) -> Sequence[str]:
        return [self.api_key, *self.signatures]

    @property
    def asked(self) -> Sequence[Asked]:
        return [
            Asked(
                version=call.body["version"],
                prompt=call.body["prompt"],
                width=call.body["width"],
                height=call.body["height"],
                samples=call.body["samples"],
                seeds=tuple(call.body["seed"]),
                parameters=Parameters.of(
                    negative_prompt=call.body.get("negative_prompt"),
                    num_inference_steps=call.body.get("num_inference_steps"),
                    guidance_scale=call.body.get("guidance_scale"),
                ),
            )
            for call in self.simulator.calls
        ]


def karlo_provider() -> AbstractAsyncContextManager[KarloProvider]:
    """Run the simulator as a provider."""
    return KarloProvider.running(karlo_simulator())

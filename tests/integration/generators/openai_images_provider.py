"""The simulator of the Images API as a `Provider` for the contract tests of generators."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, ClassVar

from darkroom.adapters.conformance import Asked, Situation
from darkroom.domain.model.parameters import Parameters
from integration.generators.simulated import ANYWHERE, BY_LINK, IN_BASE64, ONE_CALL_AN_IMAGE, Causes, SimulatedProvider
from simulators.openai_images import OpenAIImagesSimulator, openai_images_simulator


def asked(body: dict[str, Any]) -> Asked:
    width, _, height = body["size"].partition("x")
    return Asked(
        version=body["model"],
        prompt=body["prompt"],
        width=int(width),
        height=int(height),
        samples=body["n"],
        seeds=(body["seed"],) if "seed" in body else (),
        parameters=Parameters.of(
            negative_prompt=body.get("negative_prompt"),
            num_inference_steps=body.get("num_inference_steps"),
            guidance_scale=body.get("guidance_scale"),
        ),
    )


class OpenAIImagesProvider(SimulatedProvider[OpenAIImagesSimulator]):
    """The API at `base_url`, with links to `image_host`.

    A refusal after the drawing does not say whether it was charged, so that has its own tests.
    """

    path = "/v1"
    faults: ClassVar[Causes] = {
        **ANYWHERE,
        **IN_BASE64,
        **ONE_CALL_AN_IMAGE,
        **BY_LINK,
        Situation.KEY_REFUSED: ("error-invalid-key", {}),
        Situation.REQUEST_REFUSED: ("error-invalid-value", {}),
        Situation.QUOTA_USED_UP: ("error-rate-limit", {}),
        Situation.MAINTENANCE: ("error-overloaded", {}),
        Situation.SERVER_ERROR: ("error-without-code-after-charge", {}),
        Situation.ALL_HELD_BACK: ("error-moderation-input", {}),
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
        return [asked(call.body) for call in self.simulator.calls]


def openai_images_provider() -> AbstractAsyncContextManager[OpenAIImagesProvider]:
    """Run the simulator as a provider."""
    return OpenAIImagesProvider.running(openai_images_simulator())

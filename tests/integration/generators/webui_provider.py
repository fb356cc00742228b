"""The simulator of a web UI as a `Provider` for the contract tests of generators."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, ClassVar, Final

from darkroom.adapters.conformance import Asked, Situation
from darkroom.adapters.generators.webui import open_webui
from darkroom.domain.model.parameters import Parameters
from darkroom.domain.ports import ImageGenerator
from integration.generators.simulated import ANYWHERE, IN_BASE64, ONE_CALL_AN_IMAGE, Causes, SimulatedProvider
from simulators.webui import WebUISimulator, webui_simulator

AUTH: Final = "painter:secret-words"
CHECKPOINTS: Final = {"webui": None, "sdxl": "sd_xl_base_1.0.safetensors"}


def asked(body: Mapping[str, Any]) -> Asked:
    checkpoint = body.get("override_settings", {}).get("sd_model_checkpoint")
    return Asked(
        version=next(version for version, name in CHECKPOINTS.items() if name == checkpoint),
        prompt=body["prompt"],
        width=body["width"],
        height=body["height"],
        samples=body.get("batch_size", 1) * body.get("n_iter", 1),
        seeds=(body["seed"],),
        parameters=Parameters.of(
            negative_prompt=body.get("negative_prompt"),
            num_inference_steps=body.get("steps"),
            guidance_scale=body.get("cfg_scale"),
        ),
    )


class WebUIProvider(SimulatedProvider[WebUISimulator]):
    """A web UI at `base_url`."""

    faults: ClassVar[Causes] = {
        **ANYWHERE,
        **IN_BASE64,
        **ONE_CALL_AN_IMAGE,
        Situation.KEY_REFUSED: ("error-credentials", {}),
        Situation.REQUEST_REFUSED: ("error-unprocessable", {}),
        Situation.QUOTA_USED_UP: ("too-many-requests", {}),
        Situation.SERVER_ERROR: ("error-out-of-memory-after-charge", {}),
    }

    @property
    def secrets(self) -> Sequence[str]:
        return AUTH.split(":")

    @property
    def asked(self) -> Sequence[Asked]:
        return [asked(call.body) for call in self.simulator.calls]

    def opened(self, *, patience: float = 60.0, **options: Any) -> AbstractAsyncContextManager[ImageGenerator]:  # noqa: ANN401
        """Open a generator for it; `patience` is the time limit of a call, in seconds."""
        models = [version if name is None else f"{version}={name}" for version, name in CHECKPOINTS.items()]
        known: dict[str, Any] = {"models": models, "auth": AUTH, "call_timeout": patience}
        return open_webui(base_url=self.base_url, **(known | options))


def webui_provider() -> AbstractAsyncContextManager[WebUIProvider]:
    """Run the simulator as a provider."""
    return WebUIProvider.running(webui_simulator(AUTH))

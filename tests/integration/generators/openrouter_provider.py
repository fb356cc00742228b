"""The simulator of OpenRouter as a `Provider` for the contract tests of generators."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import ClassVar, Final

from darkroom.adapters.conformance import Asked, Situation
from darkroom.adapters.generators.openrouter import open_openrouter, parse_models
from darkroom.adapters.generators.ratios import TIERS, RatioTable, Shape
from darkroom.domain.model.values import ImageSize
from darkroom.domain.ports import ImageGenerator
from integration.generators.simulated import ANYWHERE, IN_BASE64, ONE_CALL_AN_IMAGE, Causes, SimulatedProvider
from simulators.charges import Call
from simulators.openrouter import OpenRouterSimulator, openrouter_simulator
from simulators.openrouter.models import FLUX, GPT, SEEDREAM
from simulators.openrouter.order import RATIOS

NAMES: Final = {"seedream": SEEDREAM, "flux": FLUX, "gpt": GPT}
MODELS: Final = tuple(f"{version}={name}" for version, name in NAMES.items())
_SIZES: Final = {
    shape: size
    for tiers in (TIERS, (None,))
    for ratios in (RATIOS, (None,))
    for size, shape in RatioTable.of(ratios, tiers).shapes.items()
}


def asked(call: Call) -> Asked:
    body = call.body
    if "size" in body:
        width, _, height = body["size"].partition("x")
        size = ImageSize(int(width), int(height))
    else:
        size = _SIZES[Shape(body.get("aspect_ratio"), body.get("resolution"))]
    return Asked(
        version=next(version for version, name in NAMES.items() if name == body["model"]),
        prompt=body["prompt"],
        width=size.width,
        height=size.height,
        samples=body["n"],
        seeds=(body["seed"],) if "seed" in body else (),
    )


class OpenRouterProvider(SimulatedProvider[OpenRouterSimulator]):
    """OpenRouter at `base_url`. It sends no links and never reports maintenance."""

    path = "/api/v1"
    faults: ClassVar[Causes] = {
        **ANYWHERE,
        **IN_BASE64,
        **ONE_CALL_AN_IMAGE,
        Situation.KEY_REFUSED: ("error-wrong-key", {}),
        Situation.REQUEST_REFUSED: ("error-invalid", {}),
        Situation.QUOTA_USED_UP: ("error-rate-limit", {}),
        Situation.SERVER_ERROR: ("error-maker-after-charge", {}),
        Situation.ALL_HELD_BACK: ("error-moderation", {}),
    }

    @property
    def api_key(self) -> str:
        """The key that it accepts."""
        return self.simulator.api_key

    @property
    def secrets(self) -> Sequence[str]:
        return [self.api_key]

    @property
    def asked(self) -> Sequence[Asked]:
        return [asked(call) for call in self.simulator.calls]

    def opened(
        self, folder: Path, *, models: Iterable[str] = MODELS, patience: float = 60.0, api_key: str | None = None
    ) -> AbstractAsyncContextManager[ImageGenerator]:
        """Open a generator for it; `patience` is the time limit of a call, in seconds."""
        return open_openrouter(
            api_key=api_key or self.api_key,
            base_url=self.base_url,
            models=parse_models(models),
            folder=folder,
            call_timeout=patience,
        )


def openrouter_provider() -> AbstractAsyncContextManager[OpenRouterProvider]:
    """Run the simulator as a provider."""
    return OpenRouterProvider.running(openrouter_simulator())

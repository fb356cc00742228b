"""The simulator of the Gemini API as a `Provider` for the contract tests of generators."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import ClassVar, Final

from darkroom.adapters.conformance import Asked, Situation
from darkroom.adapters.generators.gemini import open_gemini, parse_models
from darkroom.adapters.generators.gemini.models import RATIOS
from darkroom.adapters.generators.ratios import TIERS, RatioTable, Shape
from darkroom.domain.ports import ImageGenerator
from integration.generators.simulated import ANYWHERE, IN_BASE64, ONE_CALL_AN_IMAGE, Causes, SimulatedProvider
from simulators.charges import Call
from simulators.gemini import GeminiSimulator, gemini_simulator

MODELS: Final = ("gemini-3.1-flash-image=512|2K seed", "gemini-3-pro-image")
_SIZES: Final = {
    shape: size for tiers in (TIERS, (None,)) for size, shape in RatioTable.of(RATIOS, tiers).shapes.items()
}


def asked(call: Call) -> Asked:
    config = call.body["generationConfig"]
    image = config["imageConfig"]
    size = _SIZES[Shape(image["aspectRatio"], image.get("imageSize"))]
    ((part,),) = [content["parts"] for content in call.body["contents"]]
    return Asked(
        version=call.url.rpartition("/")[2].removesuffix(":generateContent"),
        prompt=part["text"],
        width=size.width,
        height=size.height,
        samples=config["candidateCount"],
        seeds=(config["seed"],) if "seed" in config else (),
    )


class GeminiProvider(SimulatedProvider[GeminiSimulator]):
    """Google at `base_url`. It sends no links and never reports maintenance.

    A withheld image may be charged for, depending on the tokens that are counted, so that has its own tests.
    """

    path = "/v1beta"
    faults: ClassVar[Causes] = {
        **ANYWHERE,
        **IN_BASE64,
        **ONE_CALL_AN_IMAGE,
        Situation.KEY_REFUSED: ("error-wrong-key", {}),
        Situation.REQUEST_REFUSED: ("error-invalid-argument", {}),
        Situation.QUOTA_USED_UP: ("error-rate-limit", {}),
        Situation.SERVER_ERROR: ("error-overloaded-after-charge", {}),
        Situation.ALL_HELD_BACK: ("blocked-safety", {}),
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
        self, *, models: Iterable[str] = MODELS, patience: float = 60.0, api_key: str | None = None
    ) -> AbstractAsyncContextManager[ImageGenerator]:
        """Open a generator for it; `patience` is the time limit of a call, in seconds."""
        return open_gemini(
            api_key=api_key or self.api_key,
            base_url=self.base_url,
            models=parse_models(models),
            call_timeout=patience,
        )


def gemini_provider() -> AbstractAsyncContextManager[GeminiProvider]:
    """Run the simulator as a provider."""
    return GeminiProvider.running(gemini_simulator())

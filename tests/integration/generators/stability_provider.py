"""The simulator of Stability AI as a `Provider` for the contract tests of generators."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import ClassVar, Final
from urllib.parse import urlsplit

from darkroom.adapters.conformance import Asked, Situation
from darkroom.adapters.generators.stability.models import RATIOS
from darkroom.domain.model.parameters import Parameters
from integration.generators.simulated import ANYWHERE, IN_BASE64, ONE_CALL_AN_IMAGE, Causes, SimulatedProvider
from servers.proxy import Proxy
from simulators.charges import Call
from simulators.stability import StabilitySimulator, stability_simulator
from simulators.stability.form import read_form

_SIZES: Final = {shape.ratio: size for size, shape in RATIOS.shapes.items()}
_VERSIONS: Final = {"core": "stable-image-core", "ultra": "stable-image-ultra"}


def asked(call: Call) -> Asked:
    form, service = read_form(call), urlsplit(call.url).path.rpartition("/")[2]
    size = _SIZES[form["aspect_ratio"]]
    return Asked(
        version=_VERSIONS.get(service) or form["model"],
        prompt=form["prompt"],
        width=size.width,
        height=size.height,
        samples=1,
        seeds=(int(form["seed"]),),
        parameters=Parameters.of(
            negative_prompt=form.get("negative_prompt"),
            guidance_scale=float(form["cfg_scale"]) if "cfg_scale" in form else None,
        ),
    )


class StabilityProvider(SimulatedProvider[StabilitySimulator]):
    """Stability AI at `base_url`. It sends no links and never reports maintenance."""

    faults: ClassVar[Causes] = {
        **ANYWHERE,
        **IN_BASE64,
        **ONE_CALL_AN_IMAGE,
        Situation.KEY_REFUSED: ("error-unauthorized", {}),
        Situation.REQUEST_REFUSED: ("error-bad-request", {}),
        Situation.QUOTA_USED_UP: ("error-rate-limit-exceeded", {}),
        Situation.SERVER_ERROR: ("error-internal-after-charge", {}),
        Situation.ALL_HELD_BACK: ("error-content-moderation", {}),
        Situation.ONE_HELD_BACK: ("content-filtered", {"times": 1}),
    }

    def __init__(self, simulator: StabilitySimulator, proxy: Proxy) -> None:
        super().__init__(simulator, proxy)
        self._asked: list[Asked] = []

    @property
    def api_key(self) -> str:
        """The key that it accepts."""
        return self.simulator.api_key

    @property
    def secrets(self) -> Sequence[str]:
        return [self.api_key]

    @property
    def asked(self) -> Sequence[Asked]:
        # Reading a form is slow and this property is read often, so each form is read once.
        self._asked += [asked(call) for call in self.simulator.calls[len(self._asked) :]]
        return self._asked.copy()


def stability_provider() -> AbstractAsyncContextManager[StabilityProvider]:
    """Run the simulator as a provider."""
    return StabilityProvider.running(stability_simulator())

"""The simulator of Black Forest Labs as a `Provider` for the contract tests of generators."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, ClassVar, Final
from urllib.parse import urlsplit

from darkroom.adapters.conformance import Asked, Situation
from darkroom.adapters.generators.bfl import open_bfl, parse_models
from darkroom.domain.model.parameters import Parameters
from darkroom.domain.ports import ImageGenerator
from integration.generators.simulated import Causes, SimulatedQueue
from simulators.bfl import BflSimulator, bfl_simulator
from simulators.bfl.order import FLEX, PRO
from simulators.charges import Call

MODELS: Final = (
    f"pro={PRO} 64-1984/16 seed output_format=png safety_tolerance=5",
    f"flex={FLEX} 64-1984/16 seed output_format=png num_inference_steps:steps=50(1-50) guidance_scale:guidance=5(2-10)",
)


def asked(call: Call) -> Asked:
    given = call.body
    return Asked(
        version="pro" if urlsplit(call.url).path == f"/v1/{PRO}" else "flex",
        prompt=given["prompt"],
        width=given["width"],
        height=given["height"],
        samples=1,
        seeds=(given["seed"],) if "seed" in given else (),
        parameters=Parameters.of(
            negative_prompt=given.get("negative_prompt"),
            num_inference_steps=given.get("steps"),
            guidance_scale=given.get("guidance"),
        ),
    )


class BflProvider(SimulatedQueue[BflSimulator]):
    """BFL at `base_url`; its tasks are polled at another host."""

    faults: ClassVar[Causes] = {
        **SimulatedQueue.faults,
        Situation.KEY_REFUSED: ("error-key", {}),
        Situation.REQUEST_REFUSED: ("error-unprocessable", {}),
        Situation.QUOTA_USED_UP: ("error-too-many-tasks", {}),
    }

    @property
    def key_hosts(self) -> set[str]:
        return super().key_hosts | {self.simulator.polling_host}

    @property
    def asked(self) -> Sequence[Asked]:
        return [asked(call) for call in self.simulator.calls]

    def opened(self, *, patience: float = 60.0, **options: Any) -> AbstractAsyncContextManager[ImageGenerator]:  # noqa: ANN401
        """Open a generator for it; `patience` is the time limit of each part of a drawing, in seconds."""
        known = self.settings(patience) | {
            "models": parse_models(MODELS),
            "polling_hosts": [self.simulator.polling_host],
        }
        return open_bfl(**(known | options))


def bfl_provider(tasks_at_once: int | None = None) -> AbstractAsyncContextManager[BflProvider]:
    """Run the simulator as a provider."""
    return BflProvider.running(bfl_simulator(tasks_at_once=tasks_at_once))

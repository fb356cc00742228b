"""Runs the simulator on the command line: `python -m simulators.fal`."""

from __future__ import annotations

from simulators.command import run_for_a_key
from simulators.fal.order import FLUX
from simulators.fal.simulator import API_KEY, FalSimulator, fal_simulator


def _settings(simulator: FalSimulator) -> dict[str, str]:
    return {
        "DARKROOM_GENERATORS": "fal",
        "DARKROOM_FAL_BASE_URL": simulator.base_url,
        "DARKROOM_FAL_API_KEY": simulator.api_key,
        "DARKROOM_FAL_MODELS": f"'flux-dev={FLUX} 512-1536/16 seed output_format=png'",
        "DARKROOM_FAL_IMAGE_HOSTS": simulator.base_url,
    }


run_for_a_key("fal", fal_simulator, _settings, key=API_KEY, port=9007)

"""Runs the simulator on the command line: `python -m simulators.stability`."""

from __future__ import annotations

from simulators.command import run_for_a_key
from simulators.stability.simulator import API_KEY, StabilitySimulator, stability_simulator


def _settings(simulator: StabilitySimulator) -> dict[str, str]:
    return {
        "DARKROOM_GENERATORS": "stability",
        "DARKROOM_STABILITY_BASE_URL": simulator.base_url,
        "DARKROOM_STABILITY_API_KEY": simulator.api_key,
    }


run_for_a_key("Stability AI", stability_simulator, _settings, key=API_KEY, port=9003)

"""Runs the simulator on the command line: `python -m simulators.replicate`."""

from __future__ import annotations

from simulators.command import run_for_a_key
from simulators.replicate.order import SDXL
from simulators.replicate.simulator import API_TOKEN, ReplicateSimulator, replicate_simulator


def _settings(simulator: ReplicateSimulator) -> dict[str, str]:
    return {
        "DARKROOM_GENERATORS": "replicate",
        "DARKROOM_REPLICATE_BASE_URL": f"{simulator.base_url}/v1",
        "DARKROOM_REPLICATE_API_TOKEN": simulator.api_token,
        "DARKROOM_REPLICATE_MODELS": f"'sdxl={SDXL} 512-1536/8 seed'",
        "DARKROOM_REPLICATE_IMAGE_HOSTS": simulator.base_url,
    }


run_for_a_key("Replicate", replicate_simulator, _settings, key=API_TOKEN, port=9005, images_per_minute=600)

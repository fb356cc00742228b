"""Runs the simulator on the command line: `python -m simulators.openrouter`."""

from __future__ import annotations

from simulators.command import run_for_a_key
from simulators.openrouter.simulator import API_KEY, OpenRouterSimulator, openrouter_simulator


def _settings(simulator: OpenRouterSimulator) -> dict[str, str]:
    return {
        "DARKROOM_GENERATORS": "openrouter",
        "DARKROOM_OPENROUTER_BASE_URL": f"{simulator.base_url}/api/v1",
        "DARKROOM_OPENROUTER_API_KEY": simulator.api_key,
        "DARKROOM_OPENROUTER_MODELS": "'seedream=bytedance-seed/seedream-4.5'",
    }


run_for_a_key("OpenRouter's Image API", openrouter_simulator, _settings, key=API_KEY, port=9012)

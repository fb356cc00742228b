"""Runs the simulator on the command line: `python -m simulators.gemini`."""

from __future__ import annotations

from simulators.command import run_for_a_key
from simulators.gemini.simulator import API_KEY, GeminiSimulator, gemini_simulator


def _settings(simulator: GeminiSimulator) -> dict[str, str]:
    return {
        "DARKROOM_GENERATORS": "gemini",
        "DARKROOM_GEMINI_BASE_URL": f"{simulator.base_url}/v1beta",
        "DARKROOM_GEMINI_API_KEY": simulator.api_key,
        "DARKROOM_GEMINI_MODELS": "'gemini-3.1-flash-image=1K|2K seed'",
    }


run_for_a_key("Google's Gemini API", gemini_simulator, _settings, key=API_KEY, port=9011)

"""Runs the Karlo simulator on the command line: `python -m simulators.karlo`."""

from __future__ import annotations

from simulators.command import run_for_a_key
from simulators.karlo.simulator import API_KEY, KarloSimulator, karlo_simulator


def _settings(karlo: KarloSimulator) -> dict[str, str]:
    return {
        "DARKROOM_GENERATORS": "karlo",
        "DARKROOM_KARLO_BASE_URL": karlo.base_url,
        "DARKROOM_KARLO_API_KEY": karlo.api_key,
        "DARKROOM_KARLO_IMAGE_HOSTS": karlo.base_url,
    }


run_for_a_key("Karlo", karlo_simulator, _settings, key=API_KEY, port=9001, images_per_minute=30)

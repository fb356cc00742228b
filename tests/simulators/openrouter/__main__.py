"""Runs the simulator by hand, or in a process of its own: `python -m simulators.openrouter`."""

from __future__ import annotations

import argparse
from pathlib import Path

from simulators.command import run
from simulators.openrouter.simulator import API_KEY, OpenRouterSimulator, openrouter_simulator


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m simulators.openrouter", description="OpenRouter's Image API, simulated on loopback."
    )
    parser.add_argument("--port", type=int, default=9012, help="0 takes a free one; default: %(default)s")
    parser.add_argument("--api-key", default=API_KEY, help="the API key to accept; default: %(default)s")
    parser.add_argument("--images-per-minute", type=int, default=0, help="quota, 0 for none; default: %(default)s")
    parser.add_argument("--seconds-per-image", type=float, default=0.0, help="latency")
    parser.add_argument("--charges-file", type=Path, help="append a line of JSON for each charge")
    given = parser.parse_args()
    simulator = openrouter_simulator(
        given.api_key,
        port=given.port,
        images_per_minute=given.images_per_minute or None,
        seconds_per_image=given.seconds_per_image,
        charges_file=given.charges_file,
    )
    run("OpenRouter's Image API", simulator, _settings)


def _settings(simulator: OpenRouterSimulator) -> dict[str, str]:
    return {
        "DARKROOM_GENERATORS": "openrouter",
        "DARKROOM_OPENROUTER_BASE_URL": f"{simulator.base_url}/api/v1",
        "DARKROOM_OPENROUTER_API_KEY": simulator.api_key,
        "DARKROOM_OPENROUTER_MODELS": "'seedream=bytedance-seed/seedream-4.5'",
    }


main()

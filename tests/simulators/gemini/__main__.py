"""Runs the simulator by hand, or in a process of its own: `python -m simulators.gemini`."""

from __future__ import annotations

import argparse
from pathlib import Path

from simulators.command import run
from simulators.gemini.simulator import API_KEY, GeminiSimulator, gemini_simulator


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m simulators.gemini", description="Google's Gemini API, simulated on loopback."
    )
    parser.add_argument("--port", type=int, default=9011, help="0 takes a free one; default: %(default)s")
    parser.add_argument("--api-key", default=API_KEY, help="the API key to accept; default: %(default)s")
    parser.add_argument("--images-per-minute", type=int, default=0, help="quota, 0 for none; default: %(default)s")
    parser.add_argument("--seconds-per-image", type=float, default=0.0, help="latency")
    parser.add_argument("--charges-file", type=Path, help="append a line of JSON for each charge")
    given = parser.parse_args()
    simulator = gemini_simulator(
        given.api_key,
        port=given.port,
        images_per_minute=given.images_per_minute or None,
        seconds_per_image=given.seconds_per_image,
        charges_file=given.charges_file,
    )
    run("Google's Gemini API", simulator, _settings)


def _settings(simulator: GeminiSimulator) -> dict[str, str]:
    return {
        "DARKROOM_GENERATORS": "gemini",
        "DARKROOM_GEMINI_BASE_URL": f"{simulator.base_url}/v1beta",
        "DARKROOM_GEMINI_API_KEY": simulator.api_key,
        "DARKROOM_GEMINI_MODELS": "'gemini-3.1-flash-image=1K|2K seed'",
    }


main()

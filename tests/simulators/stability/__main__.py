"""Runs the simulator by hand, or in a process of its own: `python -m simulators.stability`."""

from __future__ import annotations

import argparse
from pathlib import Path

from simulators.command import run
from simulators.stability.simulator import API_KEY, StabilitySimulator, stability_simulator


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m simulators.stability", description="Stability AI's API, simulated on loopback."
    )
    parser.add_argument("--port", type=int, default=9003, help="0 takes a free one; default: %(default)s")
    parser.add_argument("--api-key", default=API_KEY, help="the API key to accept; default: %(default)s")
    parser.add_argument("--images-per-minute", type=int, default=0, help="quota, 0 for none; default: %(default)s")
    parser.add_argument("--seconds-per-image", type=float, default=0.0, help="latency")
    parser.add_argument("--charges-file", type=Path, help="append a line of JSON for each charge")
    given = parser.parse_args()
    simulator = stability_simulator(
        given.api_key,
        port=given.port,
        images_per_minute=given.images_per_minute or None,
        seconds_per_image=given.seconds_per_image,
        charges_file=given.charges_file,
    )
    run("Stability AI", simulator, _settings)


def _settings(simulator: StabilitySimulator) -> dict[str, str]:
    return {
        "DARKROOM_GENERATORS": "stability",
        "DARKROOM_STABILITY_BASE_URL": simulator.base_url,
        "DARKROOM_STABILITY_API_KEY": simulator.api_key,
    }


main()

"""Runs the simulator by hand, or in a process of its own: `python -m simulators.fal`."""

from __future__ import annotations

import argparse
from pathlib import Path

from simulators.command import run
from simulators.fal.order import FLUX
from simulators.fal.simulator import API_KEY, FalSimulator, fal_simulator


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m simulators.fal", description="fal's queue, simulated on loopback.")
    parser.add_argument("--port", type=int, default=9007, help="0 takes a free one; default: %(default)s")
    parser.add_argument("--api-key", default=API_KEY, help="the API key to accept; default: %(default)s")
    parser.add_argument("--images-per-minute", type=int, default=0, help="quota, 0 for none; default: %(default)s")
    parser.add_argument("--seconds-per-image", type=float, default=0.0, help="how long an order takes")
    parser.add_argument("--charges-file", type=Path, help="append a line of JSON for each charge")
    given = parser.parse_args()
    simulator = fal_simulator(
        given.api_key,
        port=given.port,
        images_per_minute=given.images_per_minute or None,
        seconds_per_image=given.seconds_per_image,
        charges_file=given.charges_file,
    )
    run("fal", simulator, _settings)


def _settings(simulator: FalSimulator) -> dict[str, str]:
    return {
        "DARKROOM_GENERATORS": "fal",
        "DARKROOM_FAL_BASE_URL": simulator.base_url,
        "DARKROOM_FAL_API_KEY": simulator.api_key,
        "DARKROOM_FAL_MODELS": f"'flux-dev={FLUX} 512-1536/16 seed output_format=png'",
        "DARKROOM_FAL_IMAGE_HOSTS": simulator.base_url,
    }


main()

"""Runs the simulator by hand, or in a process of its own: `python -m simulators.replicate`."""

from __future__ import annotations

import argparse
from pathlib import Path

from simulators.command import run
from simulators.replicate.order import SDXL
from simulators.replicate.simulator import API_TOKEN, ReplicateSimulator, replicate_simulator


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m simulators.replicate", description="Replicate's HTTP API, simulated on loopback."
    )
    parser.add_argument("--port", type=int, default=9005, help="0 takes a free one; default: %(default)s")
    parser.add_argument("--api-token", default=API_TOKEN, help="the API token to accept; default: %(default)s")
    parser.add_argument("--images-per-minute", type=int, default=600, help="quota, 0 for none; default: %(default)s")
    parser.add_argument("--seconds-per-image", type=float, default=0.0, help="how long a prediction takes")
    parser.add_argument("--charges-file", type=Path, help="append a line of JSON for each charge")
    given = parser.parse_args()
    simulator = replicate_simulator(
        given.api_token,
        port=given.port,
        images_per_minute=given.images_per_minute or None,
        seconds_per_image=given.seconds_per_image,
        charges_file=given.charges_file,
    )
    run("Replicate", simulator, _settings)


def _settings(simulator: ReplicateSimulator) -> dict[str, str]:
    return {
        "DARKROOM_GENERATORS": "replicate",
        "DARKROOM_REPLICATE_BASE_URL": f"{simulator.base_url}/v1",
        "DARKROOM_REPLICATE_API_TOKEN": simulator.api_token,
        "DARKROOM_REPLICATE_MODELS": f"'sdxl={SDXL} 512-1536/8 seed'",
        "DARKROOM_REPLICATE_IMAGE_HOSTS": simulator.base_url,
    }


main()

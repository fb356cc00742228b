"""Runs the Karlo simulator by hand, or in a process of its own: `python -m simulators.karlo`."""

from __future__ import annotations

import argparse
from pathlib import Path

from simulators.command import run
from simulators.karlo.simulator import API_KEY, KarloSimulator, karlo_simulator


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m simulators.karlo", description="Karlo, simulated on loopback.")
    parser.add_argument("--port", type=int, default=9001, help="0 takes a free one; default: %(default)s")
    parser.add_argument("--api-key", default=API_KEY, help="the REST API key to accept; default: %(default)s")
    parser.add_argument(
        "--images-per-minute", type=int, default=30, help="quota, 0 for none; default: %(default)s, as Karlo's"
    )
    parser.add_argument("--seconds-per-image", type=float, default=0.0, help="latency; Karlo's was about 3")
    parser.add_argument("--charges-file", type=Path, help="append a line of JSON for each charge")
    given = parser.parse_args()
    simulator = karlo_simulator(
        given.api_key,
        port=given.port,
        images_per_minute=given.images_per_minute or None,
        seconds_per_image=given.seconds_per_image,
        charges_file=given.charges_file,
    )
    run("Karlo", simulator, _settings)


def _settings(karlo: KarloSimulator) -> dict[str, str]:
    return {
        "DARKROOM_GENERATORS": "karlo",
        "DARKROOM_KARLO_BASE_URL": karlo.base_url,
        "DARKROOM_KARLO_API_KEY": karlo.api_key,
        "DARKROOM_KARLO_IMAGE_HOSTS": karlo.base_url,
    }


main()

"""Runs the simulator on the command line: `python -m simulators.bfl`."""

from __future__ import annotations

import argparse
from pathlib import Path

from simulators.bfl.order import PRO
from simulators.bfl.simulator import API_KEY, TASKS_AT_ONCE, BflSimulator, bfl_simulator
from simulators.command import run


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m simulators.bfl", description="Black Forest Labs' API, simulated on loopback."
    )
    parser.add_argument("--port", type=int, default=9008, help="0 takes a free one; default: %(default)s")
    parser.add_argument("--api-key", default=API_KEY, help="the API key to accept; default: %(default)s")
    parser.add_argument("--tasks-at-once", type=int, default=TASKS_AT_ONCE, help="default: %(default)s")
    parser.add_argument("--seconds-per-image", type=float, default=0.0, help="how long a task takes")
    parser.add_argument("--charges-file", type=Path, help="append a line of JSON for each charge")
    given = parser.parse_args()
    simulator = bfl_simulator(
        given.api_key,
        port=given.port,
        seconds_per_image=given.seconds_per_image,
        tasks_at_once=given.tasks_at_once,
        charges_file=given.charges_file,
    )
    run("BFL", simulator, _settings)


def _settings(simulator: BflSimulator) -> dict[str, str]:
    return {
        "DARKROOM_GENERATORS": "bfl",
        "DARKROOM_BFL_BASE_URL": simulator.base_url,
        "DARKROOM_BFL_API_KEY": simulator.api_key,
        "DARKROOM_BFL_MODELS": f"'{PRO}={PRO} 256-1984/16 seed output_format=png'",
        "DARKROOM_BFL_POLLING_HOSTS": simulator.polling_host,
        "DARKROOM_BFL_IMAGE_HOSTS": simulator.base_url,
    }


main()

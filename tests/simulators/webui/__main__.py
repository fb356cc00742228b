"""Runs the simulator on the command line: `python -m simulators.webui`."""

from __future__ import annotations

import argparse
from pathlib import Path

from simulators.command import run
from simulators.webui.order import CHECKPOINTS
from simulators.webui.simulator import WebUISimulator, webui_simulator


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m simulators.webui", description="A Stable Diffusion web UI, simulated on loopback."
    )
    parser.add_argument("--port", type=int, default=9004, help="0 takes a free one; default: %(default)s")
    parser.add_argument("--auth", help="the required user:password; none by default")
    parser.add_argument("--seconds-per-image", type=float, default=0.0, help="latency")
    parser.add_argument("--charges-file", type=Path, help="append a line of JSON for each drawing")
    given = parser.parse_args()
    simulator = webui_simulator(
        given.auth, port=given.port, seconds_per_image=given.seconds_per_image, charges_file=given.charges_file
    )
    run("A web UI", simulator, _settings)


def _settings(simulator: WebUISimulator) -> dict[str, str]:
    settings = {
        "DARKROOM_GENERATORS": "webui",
        "DARKROOM_WEBUI_BASE_URL": simulator.base_url,
        "DARKROOM_WEBUI_MODELS": f"webui,sdxl={CHECKPOINTS[1]}",
    }
    return settings | ({"DARKROOM_WEBUI_AUTH": simulator.auth} if simulator.auth else {})


main()

"""Runs the simulator on the command line: `python -m simulators.comfyui`."""

from __future__ import annotations

import argparse
from pathlib import Path

from simulators.comfyui.nodes import CHECKPOINTS
from simulators.comfyui.simulator import ComfyUISimulator, comfyui_simulator
from simulators.command import run


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m simulators.comfyui", description="ComfyUI, simulated on loopback.")
    parser.add_argument("--port", type=int, default=9006, help="0 takes a free one; default: %(default)s")
    parser.add_argument("--authorization", help="the header that a proxy in front of it requires; none by default")
    parser.add_argument("--seconds-per-image", type=float, default=0.0, help="how long a job takes")
    parser.add_argument("--old", action="store_true", help="a version without /api/jobs")
    parser.add_argument("--charges-file", type=Path, help="append a line of JSON for each job")
    given = parser.parse_args()
    simulator = comfyui_simulator(
        given.authorization,
        port=given.port,
        seconds_per_image=given.seconds_per_image,
        old=given.old,
        charges_file=given.charges_file,
    )
    run("ComfyUI", simulator, _settings)


def _settings(simulator: ComfyUISimulator) -> dict[str, str]:
    settings = {
        "DARKROOM_GENERATORS": "comfyui",
        "DARKROOM_COMFYUI_BASE_URL": simulator.base_url,
        "DARKROOM_COMFYUI_MODELS": f"sdxl={CHECKPOINTS[0]}",
    }
    optional = {"DARKROOM_COMFYUI_AUTHORIZATION": f"'{simulator.authorization}'"} if simulator.authorization else {}
    return settings | optional


main()

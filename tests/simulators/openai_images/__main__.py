"""Runs the simulator by hand, or in a process of its own: `python -m simulators.openai_images`."""

from __future__ import annotations

import argparse
from pathlib import Path

from simulators.command import run
from simulators.openai_images.simulator import API_KEY, OPEN_MODEL, OpenAIImagesSimulator, openai_images_simulator


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m simulators.openai_images", description="OpenAI's Images API, simulated on loopback."
    )
    parser.add_argument("--port", type=int, default=9002, help="0 takes a free one; default: %(default)s")
    parser.add_argument("--api-key", default=API_KEY, help="the API key to accept; default: %(default)s")
    parser.add_argument("--images-per-minute", type=int, default=0, help="quota, 0 for none; default: %(default)s")
    parser.add_argument("--seconds-per-image", type=float, default=0.0, help="latency")
    parser.add_argument("--charges-file", type=Path, help="append a line of JSON for each charge")
    given = parser.parse_args()
    simulator = openai_images_simulator(
        given.api_key,
        port=given.port,
        images_per_minute=given.images_per_minute or None,
        seconds_per_image=given.seconds_per_image,
        charges_file=given.charges_file,
    )
    run("OpenAI's Images API", simulator, _settings)


def _settings(simulator: OpenAIImagesSimulator) -> dict[str, str]:
    return {
        "DARKROOM_GENERATORS": "openai",
        "DARKROOM_OPENAI_BASE_URL": f"{simulator.base_url}/v1",
        "DARKROOM_OPENAI_API_KEY": simulator.api_key,
        "DARKROOM_OPENAI_MODELS": f"'gpt-image-2,{OPEN_MODEL}=512-2048/8 seed'",
    }


main()

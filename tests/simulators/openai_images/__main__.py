"""Runs the simulator on the command line: `python -m simulators.openai_images`."""

from __future__ import annotations

from simulators.command import run_for_a_key
from simulators.openai_images.simulator import API_KEY, OPEN_MODEL, OpenAIImagesSimulator, openai_images_simulator


def _settings(simulator: OpenAIImagesSimulator) -> dict[str, str]:
    return {
        "DARKROOM_GENERATORS": "openai",
        "DARKROOM_OPENAI_BASE_URL": f"{simulator.base_url}/v1",
        "DARKROOM_OPENAI_API_KEY": simulator.api_key,
        "DARKROOM_OPENAI_MODELS": f"'gpt-image-2,{OPEN_MODEL}=512-2048/8 seed'",
    }


run_for_a_key("OpenAI's Images API", openai_images_simulator, _settings, key=API_KEY, port=9002)

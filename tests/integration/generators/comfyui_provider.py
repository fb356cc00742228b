"""The simulator of ComfyUI as a `Provider` for the contract tests of generators."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any, ClassVar, Final

from darkroom.adapters.conformance import Asked, Situation
from darkroom.adapters.generators.comfyui import open_comfyui, parse_models
from darkroom.domain.model.parameters import Parameters
from darkroom.domain.ports import ImageGenerator
from integration.generators.simulated import ANYWHERE, ONE_CALL_AN_IMAGE, Causes, SimulatedProvider
from simulators.comfyui import ComfyUISimulator, comfyui_simulator
from simulators.comfyui.nodes import CHECKPOINTS

AUTHORIZATION: Final = "Bearer a-proxy's-secret"
PARTNER_KEY: Final = "comfyui-partner-key"
FOUND_AGAIN: Final = frozenset(
    {
        Situation.CONFLICT,
        Situation.CONNECTION_LOST,
        Situation.REFUSED_IN_A_SUCCESS,
        Situation.SILENCE,
        Situation.SERVER_ERROR,
        Situation.GARBAGE,
        Situation.CUT_SHORT,
        Situation.TOO_LARGE,
    }
)
"""In these the answer to the order is lost, and its job is found under the id that we chose."""

PARTNER: Final[Mapping[str, Any]] = {
    "1": {
        "class_type": "Flux2ProImageNode",
        "inputs": {"prompt": "", "width": 1024, "height": 1024, "seed": 0, "prompt_upsampling": False},
    },
    "2": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "ComfyUI"}},
}
PARTNER_WORDS: Final = "256-2048/32 prompt:1.prompt seed:1.seed width:1.width height:1.height paid"


def asked(body: Mapping[str, Any]) -> Asked:
    graph = body["prompt"]
    (sampler,) = [node["inputs"] for node in graph.values() if "seed" in node["inputs"]]
    if "prompt" in sampler:
        return Asked(
            version="partner",
            prompt=sampler["prompt"],
            width=sampler["width"],
            height=sampler["height"],
            samples=1,
            seeds=(sampler["seed"],),
        )
    texts = [graph[sampler[name][0]]["inputs"]["text"] for name in ("positive", "negative")]
    latent, (loader,) = (
        graph[sampler["latent_image"][0]]["inputs"],
        [node["inputs"] for node in graph.values() if "ckpt_name" in node["inputs"]],
    )
    return Asked(
        version="sdxl" if loader["ckpt_name"] == CHECKPOINTS[0] else "flux",
        prompt=texts[0],
        width=latent["width"],
        height=latent["height"],
        samples=latent["batch_size"],
        seeds=(sampler["seed"],),
        parameters=Parameters.of(
            negative_prompt=texts[1] or None,
            num_inference_steps=None if sampler["steps"] == 20 else sampler["steps"],
            guidance_scale=None if sampler["cfg"] == 8.0 else sampler["cfg"],
        ),
    )


class ComfyUIProvider(SimulatedProvider[ComfyUISimulator]):
    """ComfyUI at `base_url`, behind a proxy that requires credentials."""

    faults: ClassVar[Causes] = {
        **ANYWHERE,
        **ONE_CALL_AN_IMAGE,
        Situation.KEY_REFUSED: ("error-credentials", {}),
        Situation.REQUEST_REFUSED: ("error-value-not-in-list", {}),
        Situation.QUOTA_USED_UP: ("too-many-requests", {}),
        Situation.SERVER_ERROR: ("server-error-json-after-charge", {}),
        Situation.LINKS_DEAD: ("link-not-a-link", {}),
        Situation.IMAGES_OUT_OF_REACH: ("fetch-503", {}),
        Situation.FETCHES_STUMBLE: ("fetch-reset", {"times": 3}),
    }

    @property
    def secrets(self) -> Sequence[str]:
        return [AUTHORIZATION.split()[1], PARTNER_KEY]

    @property
    def asked(self) -> Sequence[Asked]:
        return [asked(call.body) for call in self.simulator.calls]

    def opened(self, *, patience: float = 60.0, **options: Any) -> AbstractAsyncContextManager[ImageGenerator]:  # noqa: ANN401
        """Open a generator for it; `patience` is the time limit of each part of a drawing, in seconds."""
        known: dict[str, Any] = {
            "models": parse_models([f"sdxl={CHECKPOINTS[0]}", f"flux={CHECKPOINTS[1]}"]),
            "authorization": self.simulator.authorization,
            "call_timeout": patience,
            "drawing_timeout": patience,
            "fetch_timeout": patience,
        }
        return open_comfyui(base_url=self.base_url, **(known | options))

    def opened_paid(self, folder: Path, **options: Any) -> AbstractAsyncContextManager[ImageGenerator]:  # noqa: ANN401
        """Open a generator that draws with a Partner node."""
        file = folder / "partner.json"
        file.write_text(json.dumps(PARTNER), encoding="utf-8")
        models = parse_models([f"partner={file} {PARTNER_WORDS}"])
        return self.opened(**({"models": models, "partner_key": PARTNER_KEY} | options))


def comfyui_provider(*, old: bool = False) -> AbstractAsyncContextManager[ComfyUIProvider]:
    """Run the simulator as a provider."""
    return ComfyUIProvider.running(comfyui_simulator(AUTHORIZATION, old=old))

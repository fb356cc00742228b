"""The orders that Karlo accepts: every field with its type and range, by model."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from simulators.charges import Call
from simulators.karlo.errors import Refused
from simulators.pictures import ImageFormat, Picture

LARGEST_UPSCALED_SIDE = 2048


@dataclass(frozen=True, slots=True)
class Model:
    """The limits of a model, in pixels and characters, and its name in answers."""

    largest_side: int
    longest_prompt: int
    model_version: str
    smallest_side: int = 384
    side_step: int = 8


MODELS = {
    "v2.0": Model(largest_side=640, longest_prompt=256, model_version="v2.0.4.0.prod"),
    # For v2.1, the smallest side and the step are inferred from v2.0, and the full name is invented like it.
    "v2.1": Model(largest_side=1280, longest_prompt=2048, model_version="v2.1.0.0.prod"),
}

Prompt = Annotated[str, Meta(min_length=1)]
Seed = Annotated[int, Meta(ge=0, le=4_294_967_295)]
Steps = Annotated[int, Meta(ge=10, le=100)]
Guidance = Annotated[float, Meta(ge=1.0, le=20.0)]


class KarloOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of a call. `null` is refused; so are unknown fields and an empty prompt (inferred)."""

    version: Literal["v2.0", "v2.1"]
    prompt: Prompt
    width: int
    height: int
    negative_prompt: str = ""
    samples: Annotated[int, Meta(ge=1, le=8)] = 1
    seed: list[Seed] | UnsetType = UNSET
    num_inference_steps: Steps = 50
    guidance_scale: Guidance = 5.0
    prior_num_inference_steps: Steps = 25
    prior_guidance_scale: Guidance = 5.0
    scheduler: Literal["decoder_ddim_v_prediction", "decoder_ddpm_v_prediction"] = "decoder_ddim_v_prediction"
    upscale: bool = False
    scale: Literal[2, 4] = 2
    image_format: ImageFormat = "webp"
    image_quality: Annotated[int, Meta(ge=1, le=100)] = 70
    return_type: Literal["url", "base64_string"] = "url"
    nsfw_checker: bool = False

    def __post_init__(self) -> None:
        model = self.model
        for name, side in (("width", self.width), ("height", self.height)):
            if not model.smallest_side <= side <= model.largest_side or side % model.side_step:
                raise ValueError(
                    f"{name} must be a multiple of {model.side_step} "
                    f"from {model.smallest_side} to {model.largest_side} with {self.version}"
                )
            if side * self.enlargement > LARGEST_UPSCALED_SIDE:
                raise ValueError(f"{name} must not exceed {LARGEST_UPSCALED_SIDE} once upscaled")
        for name, text in (("prompt", self.prompt), ("negative_prompt", self.negative_prompt)):
            if len(text) > model.longest_prompt:
                raise ValueError(f"{name} must not exceed {model.longest_prompt} characters with {self.version}")
        if self.seed is not UNSET and len(self.seed) != self.samples:
            raise ValueError("seed must hold as many numbers as samples says")

    @property
    def model(self) -> Model:
        return MODELS[self.version]

    @property
    def enlargement(self) -> int:
        return self.scale if self.upscale else 1

    def seeds(self) -> list[int]:
        """Return the seeds of the order; random ones if it has none."""
        return [secrets.randbelow(2**32) for _ in range(self.samples)] if self.seed is UNSET else self.seed

    def picture(self, seed: int) -> Picture:
        """Return the picture for a seed: equal parameters give the same picture."""
        recipe = (
            seed,
            self.version,
            self.prompt,
            self.negative_prompt,
            self.num_inference_steps,
            self.guidance_scale,
            self.prior_num_inference_steps,
            self.prior_guidance_scale,
            self.scheduler,
        )
        return Picture(
            repr(recipe),
            self.width * self.enlargement,
            self.height * self.enlargement,
            self.image_format,
            self.image_quality,
        )


def read_order(call: Call, api_key: str) -> KarloOrder:
    """Return the order of a valid call.

    Raises:
        Refused: the call is invalid; it reports the first error.
    """
    if call.headers.get("authorization") != f"KakaoAK {api_key}":
        raise Refused(-401)
    if call.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise Refused(-8, "Content-Type must be application/json")
    try:
        return msgspec.json.decode(call.raw, type=KarloOrder)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Refused(-2, str(error)) from error

"""Settings of the generator that draws with models in this process."""

import re
from dataclasses import dataclass
from typing import Annotated, Literal

from darkroom.domain.model.values import SampleCount
from darkroom.entrypoints.settings import parsers as read
from darkroom.entrypoints.settings.setting import InvalidSetting, Setting


def _device(value: str) -> str:
    if not re.fullmatch(r"auto|cpu|mps|cuda(:[0-9]{1,3})?", value):
        raise InvalidSetting("must be auto, cpu, cuda, the number of a GPU such as cuda:1, or mps")
    return value


@dataclass(frozen=True, slots=True, kw_only=True)
class DiffusersSettings:
    """Models in this process, with the extra `diffusers`. Each process of the service loads its own."""

    models: Annotated[
        tuple[str, ...],
        Setting(
            "DARKROOM_DIFFUSERS_MODELS",
            read.names,
            "what it draws with, a folder or an `owner/name` on the hub: "
            "`karlo=/models/karlo-v1-alpha, sdxl=stabilityai/stable-diffusion-xl-base-1.0`. For a folder nothing is "
            "asked of the network",
        ),
    ]
    device: Annotated[
        str,
        Setting("DARKROOM_DIFFUSERS_DEVICE", _device, "`auto` is the first GPU where there is one; or `cpu`, `cuda:1`"),
    ] = "auto"
    dtype: Annotated[
        Literal["auto", "float32", "bfloat16", "float16"],
        Setting(
            "DARKROOM_DIFFUSERS_DTYPE",
            read.one_of("auto", "float32", "bfloat16", "float16"),
            "how exactly it computes; `auto` is float32 on a CPU, else bfloat16",
        ),
    ] = "auto"
    sizes: Annotated[
        str | None,
        Setting(
            "DARKROOM_DIFFUSERS_SIZES",
            read.text,
            "what the models draw that take sizes, such as `512-1536/64` or `512x512|768x768`",
            "half to twice the side that each was made for",
        ),
    ] = None
    batch: Annotated[
        int,
        Setting(
            "DARKROOM_DIFFUSERS_BATCH",
            read.whole(SampleCount.MIN, SampleCount.MAX),
            "how many images of one order are drawn together: faster on a GPU with memory to spare. With more than 1 "
            "the bits of an image may depend on those beside it",
        ),
    ] = 1

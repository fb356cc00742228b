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
            "the models, each a folder or an `owner/name` on the hub: `karlo=/models/karlo-v1-alpha, "
            "sdxl=stabilityai/stable-diffusion-xl-base-1.0`. A folder needs no network",
        ),
    ]
    device: Annotated[
        str,
        Setting(
            "DARKROOM_DIFFUSERS_DEVICE",
            _device,
            "`auto` is the first GPU, or the CPU if there is none; or `cpu`, `cuda:1`",
        ),
    ] = "auto"
    dtype: Annotated[
        Literal["auto", "float32", "bfloat16", "float16"],
        Setting(
            "DARKROOM_DIFFUSERS_DTYPE",
            read.one_of("auto", "float32", "bfloat16", "float16"),
            "the precision; `auto` is float32 on a CPU, otherwise bfloat16",
        ),
    ] = "auto"
    sizes: Annotated[
        str | None,
        Setting(
            "DARKROOM_DIFFUSERS_SIZES",
            read.text,
            "the sizes of models that accept a size, such as `512-1536/64` or `512x512|768x768`",
            "from half to twice the side that each model was made for",
        ),
    ] = None
    batch: Annotated[
        int,
        Setting(
            "DARKROOM_DIFFUSERS_BATCH",
            read.whole(SampleCount.MIN, SampleCount.MAX),
            "the number of images of one order that are drawn together, which is faster on a GPU with enough "
            "memory; with more than 1, the bits of an image may depend on the other images",
        ),
    ] = 1

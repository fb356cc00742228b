"""Settings of the generator that draws with fal."""

from dataclasses import dataclass
from typing import Annotated, Final

from darkroom.entrypoints.settings import parsers as read
from darkroom.entrypoints.settings.setting import Secret, Setting

_FLUX_DEV: Final = (
    "flux-dev=fal-ai/flux/dev 512-1536/16 seed num_inference_steps=28(1-50) guidance_scale=3.5(1-20) output_format=png"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FalSettings:
    """fal's queue."""

    api_key: Annotated[Secret, Setting("DARKROOM_FAL_API_KEY", read.api_key, "the API key", confidential=True)]
    base_url: Annotated[
        str,
        Setting(
            "DARKROOM_FAL_BASE_URL",
            read.web_url,
            "the address of fal's queue API; the key is sent to no other host",
            confidential=True,
        ),
    ] = "https://queue.fal.run"
    models: Annotated[
        tuple[str, ...],
        Setting(
            "DARKROOM_FAL_MODELS",
            read.names,
            "the models: their paths, sizes, the fields that they honour, and fixed inputs, such as "
            "`flux-dev=fal-ai/flux/dev 512-1536/16 seed guidance_scale=3.5(1-20) output_format=png`, or with "
            "ratios and tiers if a model takes those, `banana=fal-ai/nano-banana 1:1=1024x1024|16:9=1344x768`",
            "flux-dev",
        ),
    ] = (_FLUX_DEV,)
    image_hosts: Annotated[
        tuple[str, ...],
        Setting(
            "DARKROOM_FAL_IMAGE_HOSTS",
            read.hosts,
            "hosts that image links may name, as in `DARKROOM_KARLO_IMAGE_HOSTS`; `.fal.media` are all hosts below "
            "fal.media",
            "fal.media,.fal.media",
        ),
    ] = ("fal.media", ".fal.media")
    drawing_timeout: Annotated[
        float,
        Setting("DARKROOM_FAL_TIMEOUT", read.seconds, "seconds after which an order that has not ended is cancelled"),
    ] = 600

"""Settings of the generator that draws with Replicate."""

from dataclasses import dataclass
from typing import Annotated, Final

from darkroom.entrypoints.settings import parsers as read
from darkroom.entrypoints.settings.setting import Secret, Setting

# The sizes behind its ratios are those of its source. Unless its fast mode is switched off, equal seeds do not make
# equal images.
_FLUX_SCHNELL: Final = (
    "flux-schnell=black-forest-labs/flux-schnell 1:1=1024x1024|16:9=1344x768|3:2=1216x832|2:3=832x1216|9:16=768x1344 "
    "seed output_format=png go_fast=false"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplicateSettings:
    """Replicate's HTTP API."""

    api_token: Annotated[
        Secret, Setting("DARKROOM_REPLICATE_API_TOKEN", read.api_key, "the API token", confidential=True)
    ]
    base_url: Annotated[
        str,
        Setting(
            "DARKROOM_REPLICATE_BASE_URL",
            read.web_url,
            "the address of Replicate's API, up to `/v1`",
            confidential=True,
        ),
    ] = "https://api.replicate.com/v1"
    models: Annotated[
        tuple[str, ...],
        Setting(
            "DARKROOM_REPLICATE_MODELS",
            read.names,
            "the models: their names, sizes, the fields that they honour, and fixed inputs, such as "
            "`sdxl=stability-ai/sdxl:VERSION 512-1536/8 seed negative_prompt num_inference_steps=50 "
            "guidance_scale=7.5(1-20)`, or with ratios and other inputs if a model takes those, "
            "`flux=black-forest-labs/flux-dev 1:1=1024x1024 seed guidance_scale:guidance=3(0-10) output_format=png`",
            "flux-schnell",
        ),
    ] = (_FLUX_SCHNELL,)
    image_hosts: Annotated[
        tuple[str, ...],
        Setting(
            "DARKROOM_REPLICATE_IMAGE_HOSTS",
            read.hosts,
            "hosts that image links may name, as in `DARKROOM_KARLO_IMAGE_HOSTS`",
            "replicate.delivery",
        ),
    ] = ("replicate.delivery",)
    drawing_timeout: Annotated[
        float,
        Setting(
            "DARKROOM_REPLICATE_TIMEOUT",
            read.seconds,
            "seconds after which a prediction that has not ended is cancelled",
        ),
    ] = 600

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
            "who speaks Replicate's API, up to `/v1`",
            confidential=True,
        ),
    ] = "https://api.replicate.com/v1"
    models: Annotated[
        tuple[str, ...],
        Setting(
            "DARKROOM_REPLICATE_MODELS",
            read.names,
            "what it draws with, its sizes, what it honours and what always goes along, such as "
            "`sdxl=stability-ai/sdxl:VERSION 512-1536/8 seed negative_prompt num_inference_steps=50 "
            "guidance_scale=7.5(1-20)`, or with the ratios and the inputs that a model knows instead, "
            "`flux=black-forest-labs/flux-dev 1:1=1024x1024 seed guidance_scale:guidance=3(0-10) output_format=png`",
            "flux-schnell",
        ),
    ] = (_FLUX_SCHNELL,)
    image_hosts: Annotated[
        tuple[str, ...],
        Setting(
            "DARKROOM_REPLICATE_IMAGE_HOSTS",
            read.hosts,
            "who image links may name, as `DARKROOM_KARLO_IMAGE_HOSTS`",
            "replicate.delivery",
        ),
    ] = ("replicate.delivery",)
    drawing_timeout: Annotated[
        float,
        Setting(
            "DARKROOM_REPLICATE_TIMEOUT", read.seconds, "seconds until a prediction that is not done is taken back"
        ),
    ] = 600

"""Settings of the generator that draws with ComfyUI."""

from dataclasses import dataclass
from typing import Annotated

from darkroom.entrypoints.settings import parsers as read
from darkroom.entrypoints.settings.setting import InvalidSetting, Secret, Setting


def _header(value: str) -> Secret:
    if not value.isascii() or not value.isprintable():
        raise InvalidSetting("must be printable ASCII, such as Bearer TOKEN")
    return Secret(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class ComfyUISettings:
    """ComfyUI, with workflows of your own."""

    base_url: Annotated[
        str,
        Setting(
            "DARKROOM_COMFYUI_BASE_URL",
            read.web_url,
            "the address of ComfyUI, such as `http://127.0.0.1:8188`",
            confidential=True,
        ),
    ]
    models: Annotated[
        tuple[str, ...],
        Setting(
            "DARKROOM_COMFYUI_MODELS",
            read.names,
            "the models: `sdxl=sd_xl_base_1.0.safetensors` for a checkpoint, or the file of a workflow in API "
            "format. What the workflow does not show follows the file: `own=/etc/darkroom/own.json 512-1536/8 "
            "prompt:6.text negative_prompt:7.text seed:3.seed num_inference_steps:3.steps=20(10-60) "
            "guidance_scale:3.cfg=8 width:5.width height:5.height output:9`, and `paid` if it has Partner nodes",
        ),
    ]
    authorization: Annotated[
        Secret | None,
        Setting(
            "DARKROOM_COMFYUI_AUTHORIZATION",
            _header,
            "the header `Authorization` for a server in front of ComfyUI, such as `Bearer TOKEN`",
            confidential=True,
        ),
    ] = None
    partner_key: Annotated[
        Secret | None,
        Setting(
            "DARKROOM_COMFYUI_PARTNER_KEY",
            read.api_key,
            "the API key of the Comfy account that Partner nodes are billed to; sent with `paid` workflows only",
            confidential=True,
        ),
    ] = None
    keep_metadata: Annotated[
        bool,
        Setting("DARKROOM_COMFYUI_KEEP_METADATA", read.flag, "whether prompts and the workflow stay in the PNG files"),
    ] = False
    drawing_timeout: Annotated[
        float,
        Setting("DARKROOM_COMFYUI_TIMEOUT", read.seconds, "seconds after which a job that has not ended is cancelled"),
    ] = 600

"""Settings of the generator that draws with a Stable Diffusion web UI."""

from dataclasses import dataclass
from typing import Annotated

from darkroom.entrypoints.settings import parsers as read
from darkroom.entrypoints.settings.setting import InvalidSetting, Secret, Setting


def _credentials(value: str) -> Secret:
    if ":" not in value or not value.isascii() or not value.isprintable() or " " in value:
        raise InvalidSetting("must be user:password, in printable ASCII without blanks")
    return Secret(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class WebUISettings:
    """AUTOMATIC1111's web UI, Forge, SD.Next, or the server of stable-diffusion.cpp."""

    base_url: Annotated[
        str,
        Setting(
            "DARKROOM_WEBUI_BASE_URL",
            read.web_url,
            "the address of the web UI, such as `http://127.0.0.1:7860`",
            confidential=True,
        ),
    ]
    models: Annotated[
        tuple[str, ...],
        Setting(
            "DARKROOM_WEBUI_MODELS",
            read.names,
            "the models: `sdxl=sd_xl_base_1.0` for a checkpoint, a name alone for the one that is loaded",
            "webui",
        ),
    ] = ("webui",)
    auth: Annotated[
        Secret | None,
        Setting("DARKROOM_WEBUI_AUTH", _credentials, "`user:password`, as for its `--api-auth`", confidential=True),
    ] = None
    sampler: Annotated[
        str | None, Setting("DARKROOM_WEBUI_SAMPLER", read.text, "its sampler, such as `DPM++ 2M`", "its own choice")
    ] = None
    scheduler: Annotated[
        str | None, Setting("DARKROOM_WEBUI_SCHEDULER", read.text, "its scheduler, such as `Karras`", "its own choice")
    ] = None
    keep_metadata: Annotated[
        bool,
        Setting("DARKROOM_WEBUI_KEEP_METADATA", read.flag, "whether prompts and settings stay in the PNG files"),
    ] = False
    timeout: Annotated[
        float, Setting("DARKROOM_WEBUI_TIMEOUT", read.seconds, "seconds for a call, which draws one image")
    ] = 300

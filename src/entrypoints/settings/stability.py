"""Settings of the generator that draws with Stability AI."""

from dataclasses import dataclass
from typing import Annotated, Literal

from darkroom.entrypoints.settings import parsers as read
from darkroom.entrypoints.settings.setting import Secret, Setting


@dataclass(frozen=True, slots=True, kw_only=True)
class StabilitySettings:
    """Stability AI's REST API v2beta."""

    api_key: Annotated[Secret, Setting("DARKROOM_STABILITY_API_KEY", read.api_key, "the API key", confidential=True)]
    base_url: Annotated[
        str,
        Setting("DARKROOM_STABILITY_BASE_URL", read.web_url, "the address of Stability AI's API", confidential=True),
    ] = "https://api.stability.ai"
    models: Annotated[
        tuple[str, ...] | None,
        Setting(
            "DARKROOM_STABILITY_MODELS",
            read.names,
            "the models to offer: `stable-image-core`, `stable-image-ultra`, `sd3.5-large`, "
            "`sd3.5-large-turbo`, `sd3.5-medium`, `sd3.5-flash`",
            "all of them",
        ),
    ] = None
    output_format: Annotated[
        Literal["png", "jpeg"],
        Setting("DARKROOM_STABILITY_OUTPUT_FORMAT", read.one_of("png", "jpeg"), "`png` or `jpeg`"),
    ] = "png"
    timeout: Annotated[
        float, Setting("DARKROOM_STABILITY_TIMEOUT", read.seconds, "seconds for a paid call, which draws one image")
    ] = 100

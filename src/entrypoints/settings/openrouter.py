"""Settings of the generator that draws through OpenRouter."""

from dataclasses import dataclass
from typing import Annotated

from darkroom.entrypoints.settings import parsers as read
from darkroom.entrypoints.settings.setting import Secret, Setting


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenRouterSettings:
    """OpenRouter's Image API, or another service that speaks it."""

    api_key: Annotated[Secret, Setting("DARKROOM_OPENROUTER_API_KEY", read.api_key, "the API key", confidential=True)]
    models: Annotated[
        tuple[str, ...],
        Setting(
            "DARKROOM_OPENROUTER_MODELS",
            read.names,
            "the models, such as `seedream=bytedance-seed/seedream-4.5`: what a model accepts and costs is read "
            "from OpenRouter at the start. After the name, `1K|2K` are the resolutions to offer, `only=bytedance` "
            "is the maker that draws, and `quality=high` and the like are sent with each order. "
            "`1:1=1024x1024|16:9@2K=2752x1536 only=bytedance seed` declares a model by hand",
        ),
    ]
    base_url: Annotated[
        str,
        Setting(
            "DARKROOM_OPENROUTER_BASE_URL",
            read.web_url,
            "the address of OpenRouter's Image API, up to `/api/v1`",
            confidential=True,
        ),
    ] = "https://openrouter.ai/api/v1"
    call_timeout: Annotated[
        float, Setting("DARKROOM_OPENROUTER_TIMEOUT", read.seconds, "seconds for a paid call, which draws one image")
    ] = 180

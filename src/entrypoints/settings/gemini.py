"""Settings of the generator that draws with Google's Gemini models."""

from dataclasses import dataclass
from typing import Annotated

from darkroom.entrypoints.settings import parsers as read
from darkroom.entrypoints.settings.setting import Secret, Setting


@dataclass(frozen=True, slots=True, kw_only=True)
class GeminiSettings:
    """Google's Gemini API, by API key."""

    api_key: Annotated[Secret, Setting("DARKROOM_GEMINI_API_KEY", read.api_key, "the API key", confidential=True)]
    base_url: Annotated[
        str,
        Setting(
            "DARKROOM_GEMINI_BASE_URL",
            read.web_url,
            "the address of the Gemini API, up to `/v1beta`",
            confidential=True,
        ),
    ] = "https://generativelanguage.googleapis.com/v1beta"
    models: Annotated[
        tuple[str, ...],
        Setting(
            "DARKROOM_GEMINI_MODELS",
            read.names,
            "the models: a name alone offers ten ratios at `1K`, `NAME=1K|2K seed` the same at two resolutions and "
            "with seeds, `NAME=1:1=1024x1024|16:9@2K=2752x1536` lists ratios with the sizes that stand for them; "
            "`tokens=0.5/3/60` after it are USD for a million tokens of the prompt, of text and of images, from "
            "which the cost of each answer is computed",
            "gemini-3.1-flash-image",
        ),
    ] = ("gemini-3.1-flash-image",)
    call_timeout: Annotated[
        float, Setting("DARKROOM_GEMINI_TIMEOUT", read.seconds, "seconds for a paid call, which draws one image")
    ] = 180
